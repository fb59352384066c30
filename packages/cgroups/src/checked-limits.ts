import { type Bytes, parseBytes } from './bytes.ts';
import { CgroupError } from './cgroup-error.ts';
import type { CpuLimits, CpusetLimits, Limits, MemoryLimits, PidsLimits } from './limits.ts';

/** Limits that the kernel can take, in its own units. */
export interface CheckedLimits {
  memory?: CheckedMemory;
  cpu?: CheckedCpu;
  pids?: PidsLimits;
  cpuset?: CpusetLimits;
}
export type CheckedMemory = { [key in keyof MemoryLimits]?: number | 'max' };
export interface CheckedCpu {
  max?: { quota: number | 'max'; period: number };
  weight?: number;
}

/** Refuses what cannot be meant: a limit that is silently not in force would be worse than an error. */
export function checkLimits(limits: Limits, path: string): CheckedLimits {
  known(limits, ['memory', 'cpu', 'pids', 'cpuset'], 'limits', path);
  const checked: CheckedLimits = {};
  if (limits.memory !== undefined) checked.memory = checkMemory(limits.memory, path);
  if (limits.cpu !== undefined) checked.cpu = checkCpu(limits.cpu, path);
  if (limits.pids !== undefined) checked.pids = checkPids(limits.pids, path);
  if (limits.cpuset !== undefined) checked.cpuset = checkCpuset(limits.cpuset, path);
  return checked;
}

// A limit below one page is rounded down to nothing: the first process would be killed as it enters.
const PAGE = 4096;
// The kernel's own bounds: bw_min/max in kernel/sched/core.c, PID_MAX_LIMIT in include/linux/threads.h.
const PERIOD = { default: 100_000, min: 1_000, max: 1_000_000 };
const QUOTA = { min: 1_000, max: 8_192 * PERIOD.max };
const PIDS_MAX = 4_194_304;

function checkMemory(memory: MemoryLimits, path: string): CheckedMemory {
  known(memory, ['max', 'high', 'low', 'swap'], 'memory', path);
  const checked: CheckedMemory = {};
  for (const key of ['max', 'high', 'low', 'swap'] as const) {
    const given = memory[key];
    if (given === undefined) continue;
    const file = key === 'swap' ? 'memory.swap.max' : `memory.${key}`;
    checked[key] = checkBytes(given, key === 'max' || key === 'high' ? PAGE : 0, file, path);
  }
  return checked;
}

function checkBytes(given: Bytes, least: number, file: string, path: string): number | 'max' {
  const bytes = parseBytes(given);
  if (typeof bytes === 'object') throw invalid(file, given, bytes.problem, path);
  if (bytes !== 'max' && bytes < least) throw invalid(file, given, `it must be at least one page, ${PAGE}`, path);
  return bytes;
}

function checkCpu(cpu: CpuLimits, path: string): CheckedCpu {
  known(cpu, ['max', 'weight'], 'cpu', path);
  const checked: CheckedCpu = {};
  if (cpu.max !== undefined) checked.max = checkCpuMax(cpu.max, path);
  if (cpu.weight !== undefined) {
    checked.weight = wholeBetween(cpu.weight, 1, 10_000, 'cpu.weight', path);
  }
  return checked;
}

function checkCpuMax(max: NonNullable<CpuLimits['max']>, path: string): { quota: number | 'max'; period: number } {
  if (max === 'max') return { quota: 'max', period: PERIOD.default };
  if (typeof max === 'object') {
    known(max, ['quota', 'period'], 'cpu.max', path);
    const period = wholeBetween(max.period ?? PERIOD.default, PERIOD.min, PERIOD.max, 'cpu.max period', path);
    return { quota: wholeBetween(max.quota, QUOTA.min, QUOTA.max, 'cpu.max quota', path), period };
  }
  const quota = typeof max === 'number' ? Math.round(max * PERIOD.default) : Number.NaN;
  if (!(quota >= QUOTA.min && quota <= QUOTA.max)) {
    throw invalid('cpu.max', max, 'a number of CPUs lies between 0.01 and 8192', path);
  }
  return { quota, period: PERIOD.default };
}

function checkPids(pids: PidsLimits, path: string): PidsLimits {
  known(pids, ['max'], 'pids', path);
  return pids.max === 'max' ? pids : { max: wholeBetween(pids.max, 1, PIDS_MAX, 'pids.max', path) };
}

function checkCpuset(cpuset: CpusetLimits, path: string): CpusetLimits {
  known(cpuset, ['cpus', 'mems'], 'cpuset', path);
  for (const key of ['cpus', 'mems'] as const) {
    const list = cpuset[key];
    if (list === undefined || (typeof list === 'string' && /^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(list))) continue;
    throw invalid(`cpuset.${key}`, list, "write a list such as '0-2,7'", path);
  }
  return cpuset;
}

function wholeBetween(value: number, least: number, most: number, file: string, path: string): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(file, value, `it must be a whole number from ${least} to ${most}`, path);
}

function known(limits: object, keys: readonly string[], name: string, path: string): void {
  const list = keys.join(', ');
  // A number here would have no keys, and no limit would be in force.
  if (typeof limits !== 'object' || limits === null || Array.isArray(limits)) {
    throw invalid(name, limits, `write an object with one or more of ${list}`, path);
  }
  const stranger = Object.entries(limits).find(([key]) => !keys.includes(key));
  if (stranger === undefined) return;
  throw invalid(
    name === 'limits' ? stranger[0] : `${name}.${stranger[0]}`,
    stranger[1],
    `there is no such limit; known: ${list}`,
    path,
  );
}

function invalid(file: string, value: unknown, problem: string, path: string): CgroupError {
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return new CgroupError('LIMIT_INVALID', `cannot set ${file} of ${path} to ${text}: ${problem}`, {
    path,
    file,
    value: text,
  });
}
