import { readKeys, readNumber } from '../control-file.ts';
import type { Controller } from '../controller.ts';
import type { CheckedCpu, CpuCounters } from '../controllers/cpu.ts';
import { ifThere } from '../missing-file.ts';
import { type FileSetting, setting } from '../setting.ts';
import { idleAndWeight, quotaAndBurst, uclampSettings } from '../v2/cpu.ts';

/** https://docs.kernel.org/scheduler/sched-bwc.html */
export const cpuSettings: Controller<CheckedCpu> = (limits, { directory, fresh }) => {
  const { max, burst, weight, idle, uclamp, realtime, shares } = limits;
  const inForce = (file: string, usual: number, wanted: boolean) =>
    fresh || !wanted ? usual : readNumber(directory, file);
  const period = inForce('cpu.cfs_period_us', PERIOD, max?.period !== undefined);
  const burstInForce = inForce('cpu.cfs_burst_us', 0, max !== undefined && burst !== undefined);
  const realtimePeriod = inForce('cpu.rt_period_us', REALTIME_PERIOD, realtime?.period !== undefined);
  const quotaText = max?.quota === 'max' ? -1 : max?.quota;
  // Each write of the two makes the kernel look at every cgroup of the machine: a new one has the usual period already.
  const written = fresh && max?.period === PERIOD ? undefined : max?.period;
  const quota = inOrder('cpu.cfs_period_us', written, 'cpu.cfs_quota_us', quotaText, period);
  return [
    ...idleAndWeight('cpu.shares', idle, weight === undefined ? shares : sharesOf(weight)),
    ...quotaAndBurst(quota, setting('cpu.cfs_burst_us', burst), burst, burstInForce),
    ...uclampSettings(uclamp),
    ...inOrder('cpu.rt_period_us', realtime?.period, 'cpu.rt_runtime_us', realtime?.runtime, realtimePeriod),
  ];
};

/** In the words and units of v2: there are nanoseconds in the file; none for a kernel without CONFIG_CFS_BANDWIDTH. */
export function readThrottling(directory: string): CpuCounters {
  return ifThere({}, () => readCounters(directory, 'cpu.stat'));
}

export function readLocalThrottling(directory: string): CpuCounters | undefined {
  return ifThere(undefined, () => readCounters(directory, 'cpu.stat.local'));
}

/** A number of CPUs; NaN for a kernel without CONFIG_CFS_BANDWIDTH. */
export function readMax(directory: string): number {
  const quota = ifThere(Number.NaN, () => readNumber(directory, 'cpu.cfs_quota_us'));
  return !Number.isFinite(quota) ? quota : quota / readNumber(directory, 'cpu.cfs_period_us');
}

/**
 * A weight is a proportion, and stays one: the usual 100 are the usual 1024 shares, and 1 to 3 is 1 to 3. The curve from
 * shares to weights that OCI runtimes use bends; it is for their files (`limitsOfOci`), which give shares themselves.
 */
export function sharesOf(weight: number): number {
  return Math.max(2, Math.round(weight * 10.24));
}

// What the kernel gives to a new cgroup, in microseconds.
const PERIOD = 100_000;
const REALTIME_PERIOD = 1_000_000;

/** Between the two writes the CPUs allowed may not be more than before and after: the parent may have no more, EINVAL. */
function inOrder(
  periodFile: string,
  period: number | undefined,
  runtimeFile: string,
  runtime: number | undefined,
  periodInForce: number,
): FileSetting[] {
  const [periods, runtimes] = [setting(periodFile, period), setting(runtimeFile, runtime)];
  return period !== undefined && period < periodInForce ? [...runtimes, ...periods] : [...periods, ...runtimes];
}

function readCounters(directory: string, file: string): CpuCounters {
  return Object.fromEntries([...readKeys(directory, file)].map(translated));
}

const NANOSECONDS = new Map([
  ['throttled_time', 'throttled_usec'],
  ['burst_time', 'burst_usec'],
  // With sysctl kernel.sched_schedstats=1 only; v2 has no such line.
  ['wait_sum', 'wait_usec'],
]);

function translated([key, value]: [string, number]): [string, number] {
  const name = NANOSECONDS.get(key);
  return name === undefined ? [key, value] : [name, value / 1000];
}
