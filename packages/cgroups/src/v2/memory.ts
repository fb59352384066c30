import type { CheckedMemory } from '../checked-limits.ts';
import { readKeys, readNumber } from '../control-file.ts';
import { errnoOf } from '../refusal.ts';
import { type Setting, setting } from '../setting.ts';
import type { MemoryStat } from '../stat.ts';

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files */
export function memorySettings({ max, high, low, swap }: CheckedMemory): Setting[] {
  return [
    ...setting('memory.low', low),
    ...setting('memory.high', high),
    ...setting('memory.swap.max', swap),
    ...setting('memory.max', max),
  ];
}

export function readMemory(directory: string): MemoryStat {
  return {
    current: readNumber(directory, 'memory.current'),
    peak: readPeak(directory),
    max: readNumber(directory, 'memory.max'),
    oomKills: readOomKills(directory),
  };
}

export function readOomKills(directory: string): number {
  return readKeys(directory, 'memory.events').get('oom_kill') ?? Number.NaN;
}

// memory.peak came with Linux 5.19.
function readPeak(directory: string): number {
  try {
    return readNumber(directory, 'memory.peak');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return Number.NaN;
    throw error;
  }
}
