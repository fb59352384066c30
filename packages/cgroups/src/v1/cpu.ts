import type { CheckedCpu } from '../checked-limits.ts';
import { readKeys, readNumber } from '../control-file.ts';
import { type Setting, setting } from '../setting.ts';

/** https://docs.kernel.org/scheduler/sched-bwc.html */
export function cpuSettings({ max, weight }: CheckedCpu, periodInForce = DEFAULT_PERIOD): Setting[] {
  const period = setting('cpu.cfs_period_us', max?.period);
  const quota = setting('cpu.cfs_quota_us', max?.quota === 'max' ? -1 : max?.quota);
  // Between the two writes the CPUs allowed may not be more than before and after: the parent may have no more, EINVAL.
  const order = max !== undefined && max.period < periodInForce ? [quota, period] : [period, quota];
  return [...setting('cpu.shares', weight === undefined ? undefined : sharesOf(weight)), ...order.flat()];
}

/** In microseconds. */
export function readPeriod(directory: string): number {
  return readNumber(directory, 'cpu.cfs_period_us');
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

// What the kernel gives to a new cgroup, in microseconds.
const DEFAULT_PERIOD = 100_000;
