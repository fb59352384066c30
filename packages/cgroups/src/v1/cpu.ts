import type { CheckedCpu } from '../checked-limits.ts';
import { readKeys } from '../control-file.ts';
import { type Setting, setting } from '../setting.ts';

/** https://docs.kernel.org/scheduler/sched-bwc.html */
export function cpuSettings({ max, weight }: CheckedCpu): Setting[] {
  return [
    ...setting('cpu.shares', weight === undefined ? undefined : sharesOf(weight)),
    ...setting('cpu.cfs_period_us', max?.period),
    ...setting('cpu.cfs_quota_us', max?.quota === 'max' ? -1 : max?.quota),
  ];
}

/** Nanoseconds in the file, microseconds here. */
export function readThrottled(directory: string): number {
  return (readKeys(directory, 'cpu.stat').get('throttled_time') ?? Number.NaN) / 1000;
}

/**
 * v2 weight 1..10000 (100 is usual) as v1 shares 2..262144 (1024 is usual). The curve goes through both ends and through
 * both defaults; it is the one that runc and crun use since 2025, the other way round.
 * https://github.com/kubernetes/kubernetes/issues/131216
 */
export function sharesOf(weight: number): number {
  const l = (Math.sqrt(125 ** 2 + 4 * (612 * Math.log10(weight) + 126)) - 125) / 2;
  return Math.round(2 ** l);
}
