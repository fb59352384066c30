import { CgroupError } from '../cgroup-error.ts';
import { readControl, readKeys, readNumber, readWords } from '../control-file.ts';
import type { Controller } from '../controller.ts';
import type { CheckedCpu, CpuStat } from '../controllers/cpu.ts';
import { ifThere } from '../missing-file.ts';
import { type Setting, setting } from '../setting.ts';

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files */
export const cpuSettings: Controller<CheckedCpu> = (limits, { path, directory, fresh }) => {
  const { max, burst, weight, idle, uclamp } = limits;
  refuseRealtime(limits, path);
  refuseShares(limits, path);
  const quota = setting('cpu.max', max && textOf(max, () => (fresh ? 'max' : quotaIn(directory))));
  const burstInForce = fresh || max === undefined || burst === undefined ? 0 : readNumber(directory, 'cpu.max.burst');
  return [
    ...idleAndWeight('cpu.weight', idle, weight),
    ...quotaAndBurst(quota, setting('cpu.max.burst', burst), burst, burstInForce),
    ...uclampSettings(uclamp),
  ];
};

/** An idle cgroup takes no weight (EINVAL): it stops being idle first. */
export function idleAndWeight(file: string, idle: boolean | undefined, weight: number | undefined): Setting[] {
  return [...setting('cpu.idle', idle === undefined ? undefined : Number(idle)), ...setting(file, weight)];
}

/**
 * A burst may not be above the quota (EINVAL), neither before, between nor after the writes; and between them no more may be
 * allowed than before and after. So what shrinks the burst comes first, and what lets it grow comes last.
 */
export function quotaAndBurst(
  quotaSettings: Setting[],
  burstSettings: Setting[],
  burst: number | undefined,
  burstInForce: number,
): Setting[] {
  const shrinks = burst !== undefined && burst < burstInForce;
  return shrinks ? [...burstSettings, ...quotaSettings] : [...quotaSettings, ...burstSettings];
}

/** The same files on v1. */
export function uclampSettings(uclamp: CheckedCpu['uclamp']): Setting[] {
  return [...setting('cpu.uclamp.min', percent(uclamp?.min)), ...setting('cpu.uclamp.max', percent(uclamp?.max))];
}

/** cpu.stat is there without the controller too, but then knows nothing of throttling. */
export function readCpu(directory: string): CpuStat {
  const stat = readKeys(directory, 'cpu.stat');
  const localStat = ifThere(undefined, () => Object.fromEntries(readKeys(directory, 'cpu.stat.local')));
  return {
    usageMicros: stat.get('usage_usec') ?? Number.NaN,
    userMicros: stat.get('user_usec') ?? Number.NaN,
    systemMicros: stat.get('system_usec') ?? Number.NaN,
    throttledMicros: stat.get('throttled_usec') ?? Number.NaN,
    // Without the controller there is no limit to ask for, and the root has none.
    max: stat.has('nr_periods') ? readMax(directory) : Number.NaN,
    stat: Object.fromEntries(stat),
    ...(localStat && { localStat }),
  };
}

/** The kernel keeps the period when there is a quota alone; the other way round it cannot be written. */
function textOf({ quota, period }: NonNullable<CheckedCpu['max']>, inForce: () => string): string {
  return period === undefined ? `${quota}` : `${quota ?? inForce()} ${period}`;
}

function quotaIn(directory: string): string {
  const [quota = 'max'] = readWords(directory, 'cpu.max');
  return quota;
}

function refuseRealtime({ realtime }: CheckedCpu, path: string): void {
  if (realtime === undefined) return;
  const [file, value] =
    realtime.runtime === undefined
      ? ['cpu.rt_period_us', `${realtime.period}`]
      : ['cpu.rt_runtime_us', `${realtime.runtime}`];
  const rule = 'cgroup v2 has no budget for realtime processes; use sched_setattr(2) with SCHED_DEADLINE, or cgroup v1';
  const message = `cannot set ${file} of ${path} to ${value}: ${rule}`;
  throw new CgroupError('CONTROLLER_UNAVAILABLE', message, { path, file, value });
}

function refuseShares({ shares }: CheckedCpu, path: string): void {
  if (shares === undefined) return;
  const message = `cannot set cpu.shares of ${path} to ${shares}: cgroup v2 counts in weights; use cpu.weight`;
  throw new CgroupError('CONTROLLER_UNAVAILABLE', message, { path, file: 'cpu.shares', value: `${shares}` });
}

/** The kernel takes two decimals. */
function percent(value: number | 'max' | undefined): string | undefined {
  return typeof value === 'number' ? value.toFixed(2) : value;
}

function readMax(directory: string): number {
  const [quota = '', period = ''] = ifThere('', () => readControl(directory, 'cpu.max')).split(' ');
  return quota === 'max' ? Number.POSITIVE_INFINITY : Number.parseInt(quota, 10) / Number.parseInt(period, 10);
}
