import { readControl, readKeys, readNumber } from '../control-file.ts';
import type { MemoryEvents, MemoryStat, V1Counter, V1MemoryStat } from '../controllers/memory-stat.ts';
import { descendants } from '../directories.ts';
import { ifThere } from '../missing-file.ts';
import { parseNodes } from '../numa-nodes.ts';
import { swapInForce } from './memory.ts';

/** https://docs.kernel.org/admin-guide/cgroup-v1/memory.html */
export function readMemory(directory: string): MemoryStat {
  const memory = readCounter(directory, 'memory');
  const memoryAndSwap = readCounter(directory, 'memory.memsw');
  const stat = Object.fromEntries(readKeys(directory, 'memory.stat'));
  const oom = readKeys(directory, 'memory.oom_control');
  const localEvents = eventsOf(memory.failures, memoryAndSwap.failures, oom);
  const events = addUp(directory, localEvents);
  return {
    current: memory.current,
    peak: memory.peak,
    max: memory.max,
    high: Number.NaN,
    low: readNumber(directory, 'memory.soft_limit_in_bytes'),
    min: Number.NaN,
    oomKills: events.oom_kill ?? Number.NaN,
    swap: {
      current: stat.total_swap ?? Number.NaN,
      peak: Number.NaN,
      max: swapInForce({ memory: memory.max, memoryAndSwap: memoryAndSwap.max }),
      high: Number.NaN,
      events: {},
    },
    zswap: { current: Number.NaN, max: Number.NaN },
    events,
    localEvents,
    stat,
    nodes: ifThere({}, () => parseNodes(readControl(directory, 'memory.numa_stat'))),
    v1: readV1Only(directory, memoryAndSwap, oom),
  };
}

/** v2 counts for the whole tree, v1 for each cgroup alone: a process killed in a cgroup that the container made counts. */
export function readOomKills(directory: string): number {
  const kills = (each: string) => readKeys(each, 'memory.oom_control').get('oom_kill') ?? Number.NaN;
  return descendants(directory).reduce((sum, each) => sum + ifThere(0, () => kills(each)), kills(directory));
}

function addUp(directory: string, own: MemoryEvents): MemoryEvents {
  return descendants(directory).reduce((sum, each) => ifThere(sum, () => plus(sum, readEvents(each))), own);
}

function readEvents(directory: string): MemoryEvents {
  const both = ifThere(0, () => readNumber(directory, 'memory.memsw.failcnt'));
  return eventsOf(readNumber(directory, 'memory.failcnt'), both, readKeys(directory, 'memory.oom_control'));
}

// Where swap is forbidden the limit of memory and swap is the one that is met. The kernel's commit 0e2759afcaf9 (2025) stopped
// counting that, until it was mended in 2026. oom_kill came with Linux 4.13.
function eventsOf(memory: number, memoryAndSwap: number, oom: ReadonlyMap<string, number>): MemoryEvents {
  const kills = oom.get('oom_kill');
  return { max: memory + (memoryAndSwap || 0), ...(kills !== undefined && { oom_kill: kills }) };
}

function plus(sum: MemoryEvents, more: MemoryEvents): MemoryEvents {
  return Object.fromEntries(Object.entries(sum).map(([key, count]) => [key, (count ?? 0) + (more[key] ?? 0)]));
}

function readV1Only(directory: string, memoryAndSwap: V1Counter, oom: ReadonlyMap<string, number>): V1MemoryStat {
  return {
    memoryAndSwap,
    kernel: readCounter(directory, 'memory.kmem'),
    kernelTcp: readCounter(directory, 'memory.kmem.tcp'),
    swappiness: readNumber(directory, 'memory.swappiness'),
    oomKiller: oom.get('oom_kill_disable') !== 1,
    underOom: oom.get('under_oom') === 1,
  };
}

/** Those of swap and of the kernel are not on every machine; that of memory is: where it is missing the cgroup is gone. */
function readCounter(directory: string, name: string): V1Counter {
  const read = (what: string) => {
    const file = `${name}.${what}`;
    if (name === 'memory') return readNumber(directory, file);
    return ifThere(Number.NaN, () => readNumber(directory, file));
  };
  return {
    current: read('usage_in_bytes'),
    peak: read('max_usage_in_bytes'),
    max: read('limit_in_bytes'),
    failures: read('failcnt'),
  };
}
