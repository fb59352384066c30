import { parseKeys, readControl, readKeys, readNumber } from '../control-file.ts';
import type { MemoryCounters } from '../controllers/memory-counters.ts';
import type { MemoryStat, SwapStat, ZswapStat } from '../controllers/memory-stat.ts';
import { ifThere } from '../missing-file.ts';
import { parseNodes } from '../numa-nodes.ts';

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files */
export function readMemory(directory: string): MemoryStat {
  const events = readCounters(directory, 'memory.events');
  return {
    current: readNumber(directory, 'memory.current'),
    peak: numberIn(directory, 'memory.peak'),
    max: readNumber(directory, 'memory.max'),
    high: readNumber(directory, 'memory.high'),
    low: readNumber(directory, 'memory.low'),
    min: numberIn(directory, 'memory.min'),
    oomKills: events.oom_kill ?? Number.NaN,
    swap: readSwap(directory),
    zswap: readZswap(directory),
    ...flagIn(directory, 'memory.oom.group', 'oomGroup'),
    events,
    localEvents: readCounters(directory, 'memory.events.local'),
    stat: readCounters(directory, 'memory.stat'),
    nodes: ifThere({}, () => parseNodes(readControl(directory, 'memory.numa_stat'))),
  };
}

export function readOomKills(directory: string): number {
  return readKeys(directory, 'memory.events').get('oom_kill') ?? Number.NaN;
}

/** The files are there only if the kernel accounts swap. */
function readSwap(directory: string): SwapStat {
  return {
    current: numberIn(directory, 'memory.swap.current'),
    peak: numberIn(directory, 'memory.swap.peak'),
    max: numberIn(directory, 'memory.swap.max'),
    high: numberIn(directory, 'memory.swap.high'),
    events: readCounters(directory, 'memory.swap.events'),
  };
}

function readZswap(directory: string): ZswapStat {
  return {
    current: numberIn(directory, 'memory.zswap.current'),
    max: numberIn(directory, 'memory.zswap.max'),
    ...flagIn(directory, 'memory.zswap.writeback', 'writeback'),
  };
}

function numberIn(directory: string, file: string): number {
  return ifThere(Number.NaN, () => readNumber(directory, file));
}

function flagIn<Key extends string>(directory: string, file: string, key: Key): { [key in Key]?: boolean } {
  const text = ifThere(undefined, () => readControl(directory, file));
  return text === undefined ? {} : ({ [key]: text === '1' } as { [key in Key]?: boolean });
}

function readCounters(directory: string, file: string): MemoryCounters {
  return ifThere({}, () => Object.fromEntries(parseKeys(readControl(directory, file))));
}
