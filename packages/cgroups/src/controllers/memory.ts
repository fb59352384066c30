import type { Bytes } from '../bytes.ts';
import { checkBytes, invalid, known, wholeBetween } from '../check.ts';

/**
 * Sizes are rounded down to whole pages by the kernel. Every limit may be higher than that of a cgroup above; the lowest on
 * the way up is in force. https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
 */
export interface MemoryLimits {
  /** Beyond this the kernel reclaims, and then kills. At least one page. */
  max?: Bytes;
  /** Beyond this the processes are slowed down and reclaimed from. v2 only. */
  high?: Bytes;
  /**
   * Below this memory is taken only if nothing else can be reclaimed; on v1 the soft limit. As far as those above are
   * protected too.
   */
  low?: Bytes;
  /** Below this memory is never taken; rather somebody is killed. As far as those above are protected too. v2 only. */
  min?: Bytes;
  /** Swap in addition to `max`; 0 forbids it. On v1 it needs `max`. */
  swap?: Bytes;
  /** Beyond this the processes that swap are slowed down. v2 with Linux 5.8 only. */
  swapHigh?: Bytes;
  /** Memory that compressed pages may take on their way to swap; 0: none is compressed. v2 with Linux 5.19 only. */
  zswap?: Bytes;
  /** Whether compressed pages may go on to the swap device; false keeps them in memory. v2 with Linux 6.8 only. */
  zswapWriteback?: boolean;
  /** When one process is killed for memory, all here and below are. v2 only. */
  oomGroup?: boolean;
  /** How readily anonymous memory is swapped out rather than files dropped: 0 to 200, 100: alike. v1 only. */
  swappiness?: number;
  /** False: at the limit nobody is killed, the processes wait until memory is given back. v1 only. */
  oomKiller?: boolean;
}

export interface CheckedMemory extends Omit<MemoryLimits, Size> {
  max?: number | 'max';
  high?: number | 'max';
  low?: number | 'max';
  min?: number | 'max';
  swap?: number | 'max';
  swapHigh?: number | 'max';
  zswap?: number | 'max';
}

export function checkMemory(memory: MemoryLimits, path: string): CheckedMemory {
  known(memory, [...sizes.keys(), ...switches.keys(), 'swappiness'], 'memory', path);
  const checked: CheckedMemory = {};
  for (const [key, { file, least }] of sizes) {
    const given = memory[key];
    if (given !== undefined) checked[key] = checkBytes(given, least, file, path);
  }
  for (const [key, file] of switches) {
    const given: unknown = memory[key];
    if (given === undefined) continue;
    if (typeof given !== 'boolean') throw invalid(file, given, 'write true or false', path);
    checked[key] = given;
  }
  if (memory.swappiness !== undefined)
    checked.swappiness = wholeBetween(memory.swappiness, 0, MOST_SWAPPINESS, 'memory.swappiness', path);
  return checked;
}

/** MAX_SWAPPINESS in the kernel's include/linux/swap.h. */
export const MOST_SWAPPINESS = 200;

type Size = 'max' | 'high' | 'low' | 'min' | 'swap' | 'swapHigh' | 'zswap';
type Switch = 'zswapWriteback' | 'oomGroup' | 'oomKiller';

const sizes = new Map<Size, { file: string; least: number | 'page' }>([
  ['max', { file: 'memory.max', least: 'page' }],
  ['high', { file: 'memory.high', least: 'page' }],
  ['low', { file: 'memory.low', least: 0 }],
  ['min', { file: 'memory.min', least: 0 }],
  ['swap', { file: 'memory.swap.max', least: 0 }],
  ['swapHigh', { file: 'memory.swap.high', least: 0 }],
  ['zswap', { file: 'memory.zswap.max', least: 0 }],
]);

const switches = new Map<Switch, string>([
  ['zswapWriteback', 'memory.zswap.writeback'],
  ['oomGroup', 'memory.oom.group'],
  ['oomKiller', 'memory.oom_control'],
]);
