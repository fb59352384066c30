import { CgroupError, type CgroupErrorCode } from '../cgroup-error.ts';
import type { CheckedMemory } from '../checked-limits.ts';
import { readKeys, readNumber } from '../control-file.ts';
import { errnoOf } from '../refusal.ts';
import { type Setting, setting } from '../setting.ts';
import type { MemoryStat } from '../stat.ts';

/** The limits in force, in bytes: memory alone, and memory and swap together (NaN: swap is not accounted). */
export interface MemoryInForce {
  memory: number;
  memoryAndSwap: number;
}

const NO_LIMIT = Number.POSITIVE_INFINITY;

/**
 * v1 limits memory and swap *together* where v2 limits swap alone, so the second limit has to follow the first.
 * https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
 */
export function memorySettings(limits: CheckedMemory, path: string, inForce = UNLIMITED): Setting[] {
  refuseHigh(limits, path);
  const memory = toNumber(limits.max) ?? inForce.memory;
  const both = memoryAndSwap(limits, memory, inForce, path);
  const memorySetting = setting(FILES.memory, limits.max && toText(memory));
  const bothSetting = setting(FILES.memoryAndSwap, both && toText(both));
  // At no moment may the sum be lower than its part: the kernel answers EINVAL.
  const order = memory > inForce.memoryAndSwap ? [bothSetting, memorySetting] : [memorySetting, bothSetting];
  return [...setting('memory.soft_limit_in_bytes', limits.low && toText(toNumber(limits.low))), ...order.flat()];
}

export function readMemoryInForce(directory: string): MemoryInForce {
  return { memory: readNumber(directory, FILES.memory), memoryAndSwap: readMemoryAndSwap(directory) };
}

export function readMemory(directory: string): MemoryStat {
  return {
    current: readNumber(directory, 'memory.usage_in_bytes'),
    peak: readNumber(directory, 'memory.max_usage_in_bytes'),
    max: readNumber(directory, FILES.memory),
    oomKills: readOomKills(directory),
  };
}

/** Of this cgroup alone: v1 does not add up what happened below. */
export function readOomKills(directory: string): number {
  return readKeys(directory, 'memory.oom_control').get('oom_kill') ?? Number.NaN;
}

const UNLIMITED: MemoryInForce = { memory: NO_LIMIT, memoryAndSwap: NO_LIMIT };
const FILES = { memory: 'memory.limit_in_bytes', memoryAndSwap: 'memory.memsw.limit_in_bytes' };

function refuseHigh({ high }: CheckedMemory, path: string): void {
  if (high === undefined || high === 'max') return;
  throw refused('CONTROLLER_UNAVAILABLE', path, 'memory.high', high, 'cgroup v1 has no such limit; use memory.max');
}

/** The new sum, or undefined when it stays as it is. */
function memoryAndSwap(limits: CheckedMemory, memory: number, inForce: MemoryInForce, path: string) {
  const swap = toNumber(limits.swap) ?? swapInForce(inForce);
  if (Number.isNaN(swap)) return undefined;
  if (limits.swap !== undefined && limits.swap !== 'max' && memory === NO_LIMIT) {
    const rule = 'cgroup v1 limits memory and swap together; set memory.max as well';
    throw refused('LIMIT_INVALID', path, 'memory.swap.max', limits.swap, rule);
  }
  const both = memory + swap;
  return both === inForce.memoryAndSwap ? undefined : both;
}

/** When only memory.max is changed, the allowance for swap stays what it was, as on v2. */
function swapInForce({ memory, memoryAndSwap }: MemoryInForce): number {
  return memoryAndSwap === NO_LIMIT ? NO_LIMIT : memoryAndSwap - memory;
}

function toNumber(bytes: number | 'max' | undefined): number | undefined {
  return bytes === 'max' ? NO_LIMIT : bytes;
}

function toText(bytes: number | undefined): string {
  return bytes === NO_LIMIT ? '-1' : String(bytes);
}

// The file is there only if the kernel accounts swap (boot option swapaccount=1).
function readMemoryAndSwap(directory: string): number {
  try {
    return readNumber(directory, FILES.memoryAndSwap);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return Number.NaN;
    throw error;
  }
}

function refused(code: CgroupErrorCode, path: string, file: string, value: number, rule: string): CgroupError {
  return new CgroupError(code, `cannot set ${file} of ${path} to ${value}: ${rule}`, { path, file, value: `${value}` });
}
