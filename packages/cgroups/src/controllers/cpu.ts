import { invalid, known, wholeBetween } from '../check.ts';

export interface CpuLimits {
  /**
   * A number of CPUs (`0.5`), or `quota` microseconds in each `period`, or `'max'`. Of those two, what is left out stays as
   * it is; a new cgroup has no quota, and a period of 100,000.
   */
  max?: number | { quota?: number | 'max'; period?: number } | 'max';
  /** Microseconds saved in quiet periods that may be spent beyond the quota: 0 to the quota. Linux 5.14. */
  burst?: number;
  /** Share of a busy CPU relative to siblings: 1 to 10000, 100 is the default. */
  weight?: number;
  /** Runs only when no sibling wants the CPU (SCHED_IDLE), and has no weight then. Linux 5.15. */
  idle?: boolean;
  /** Percent of a CPU's capacity for which its clock is chosen; for kernels with CONFIG_UCLAMP_TASK_GROUP. */
  uclamp?: UclampLimits;
  /**
   * Microseconds in each period for SCHED_FIFO and SCHED_RR; 0 keeps such processes out. What is left out stays as it is; a
   * new cgroup has none, and a period of a second. v1 only. Each cgroup above needs as much.
   * https://docs.kernel.org/scheduler/sched-rt-group.html
   */
  realtime?: RealtimeLimits;
  /** The weight as v1 and OCI count it: 2 to 262144, 1024 is the default. Excludes `weight`. v1 only. */
  shares?: number;
}

/** https://docs.kernel.org/scheduler/sched-util-clamp.html */
export interface UclampLimits {
  /** 0 to 100. */
  min?: number | 'max';
  /** 0 to 100, or `'max'` for no limit. */
  max?: number | 'max';
}

export interface RealtimeLimits {
  runtime?: number;
  period?: number;
}

export interface CheckedCpu extends Omit<CpuLimits, 'max'> {
  max?: { quota?: number | 'max'; period?: number };
}

/** In microseconds of CPU time; throttled: of waiting for the next period. */
export interface CpuStat {
  usageMicros: number;
  userMicros: number;
  systemMicros: number;
  throttledMicros: number;
  /** A number of CPUs, Infinity when there is no limit, NaN without the controller. */
  max: number;
  /** v1 only: the usage of each CPU. */
  perCpuMicros?: readonly number[];
  /** cpu.stat as the kernel prints it; what v1 counts is under the same names, in the same units. */
  stat: CpuCounters;
  /** cpu.stat.local of newer kernels: without what limits of the cgroups above held back. */
  localStat?: CpuCounters;
}

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files */
export interface CpuCounters {
  readonly [key: string]: number | undefined;
  readonly usage_usec?: number;
  readonly user_usec?: number;
  readonly system_usec?: number;
  /** Of processes with a nice value above 0. Linux 6.13. */
  readonly nice_usec?: number;
  /** CPU time that was kept idle, for nobody may share a core with it. */
  readonly 'core_sched.force_idle_usec'?: number;
  readonly nr_periods?: number;
  readonly nr_throttled?: number;
  readonly throttled_usec?: number;
  readonly nr_bursts?: number;
  readonly burst_usec?: number;
}

export function checkCpu(cpu: CpuLimits, path: string): CheckedCpu {
  known(cpu, ['max', 'burst', 'weight', 'idle', 'uclamp', 'realtime', 'shares'], 'cpu', path);
  const checked: CheckedCpu = {};
  if (cpu.max !== undefined) checked.max = checkCpuMax(cpu.max, path);
  if (cpu.burst !== undefined) checked.burst = checkBurst(cpu.burst, checked.max?.quota, path);
  if (cpu.weight !== undefined) checked.weight = wholeBetween(cpu.weight, 1, 10_000, 'cpu.weight', path);
  if (cpu.idle !== undefined) checked.idle = checkIdle(cpu.idle, cpu.weight, path);
  if (cpu.uclamp !== undefined) checked.uclamp = checkUclamp(cpu.uclamp, path);
  if (cpu.realtime !== undefined) checked.realtime = checkRealtime(cpu.realtime, path);
  if (cpu.shares !== undefined) checked.shares = checkShares(cpu.shares, cpu.weight, path);
  return checked;
}

// The kernel's own bounds: bw_min/max in kernel/sched/core.c.
const PERIOD = { default: 100_000, min: 1_000, max: 1_000_000 };
const QUOTA = { min: 1_000, max: 8_192 * PERIOD.max };

function checkCpuMax(max: NonNullable<CpuLimits['max']>, path: string): NonNullable<CheckedCpu['max']> {
  if (max === 'max') return { quota: 'max', period: PERIOD.default };
  if (typeof max === 'object') {
    known(max, ['quota', 'period'], 'cpu.max', path);
    const { quota, period } = max;
    if (quota === undefined && period === undefined)
      throw invalid('cpu.max', max, 'give a quota, a period or both', path);
    return {
      ...(quota !== undefined && { quota: checkQuota(quota, path) }),
      ...(period !== undefined && { period: wholeBetween(period, PERIOD.min, PERIOD.max, 'cpu.max period', path) }),
    };
  }
  const quota = typeof max === 'number' ? Math.round(max * PERIOD.default) : Number.NaN;
  if (!(quota >= QUOTA.min && quota <= QUOTA.max)) {
    throw invalid('cpu.max', max, 'a number of CPUs lies between 0.01 and 8192', path);
  }
  return { quota, period: PERIOD.default };
}

function checkQuota(quota: number | 'max', path: string): number | 'max' {
  return quota === 'max' ? quota : wholeBetween(quota, QUOTA.min, QUOTA.max, 'cpu.max quota', path);
}

function checkBurst(burst: number, quota: number | 'max' | undefined, path: string): number {
  const checked = wholeBetween(burst, 0, QUOTA.max, 'cpu.max.burst', path);
  if (typeof quota === 'number' && checked > quota) {
    throw invalid('cpu.max.burst', burst, `it must not be above the quota, ${quota}`, path);
  }
  return checked;
}

function checkIdle(idle: boolean, weight: number | undefined, path: string): boolean {
  if (typeof idle !== 'boolean') throw invalid('cpu.idle', idle, 'write true or false', path);
  if (idle && weight !== undefined) {
    throw invalid('cpu.idle', idle, 'an idle cgroup has no weight; leave one of the two out', path);
  }
  return idle;
}

function checkUclamp(uclamp: UclampLimits, path: string): UclampLimits {
  known(uclamp, ['min', 'max'], 'cpu.uclamp', path);
  for (const key of ['min', 'max'] as const) {
    const percent = uclamp[key];
    if (percent === undefined || percent === 'max') continue;
    if (typeof percent === 'number' && percent >= 0 && percent <= 100) continue;
    throw invalid(`cpu.uclamp.${key}`, percent, "it must be percent, 0 to 100, or 'max'", path);
  }
  const { min = 0, max = 'max' } = uclamp;
  if (max !== 'max' && (min === 'max' || min > max)) {
    throw invalid('cpu.uclamp.min', min, `it must not be above cpu.uclamp.max, ${max}`, path);
  }
  return uclamp;
}

// The period of the machine as a whole, sched_rt_period_us, has 31 bits.
const MOST_REALTIME = 2 ** 31 - 1;

function checkRealtime(realtime: RealtimeLimits, path: string): RealtimeLimits {
  known(realtime, ['runtime', 'period'], 'cpu.realtime', path);
  const { runtime, period } = realtime;
  if (period !== undefined) wholeBetween(period, 1, MOST_REALTIME, 'cpu.rt_period_us', path);
  // A period alone changes the budget that is there.
  if (runtime !== undefined || period === undefined)
    wholeBetween(runtime, 0, period ?? MOST_REALTIME, 'cpu.rt_runtime_us', path);
  return realtime;
}

// MIN_SHARES and MAX_SHARES in kernel/sched/sched.h; the kernel would take others for these.
function checkShares(shares: number, weight: number | undefined, path: string): number {
  if (weight !== undefined) throw invalid('cpu.shares', shares, 'cpu.weight says the same; give one of them', path);
  return wholeBetween(shares, 2, 262_144, 'cpu.shares', path);
}
