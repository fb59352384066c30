import { CgroupError, type CgroupErrorCode } from '../cgroup-error.ts';
import { readNumber } from '../control-file.ts';
import type { Controller } from '../controller.ts';
import type { CheckedMemory } from '../controllers/memory.ts';
import { ifThere } from '../missing-file.ts';
import { setting } from '../setting.ts';

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
export const memorySettings: Controller<CheckedMemory> = (limits, { path, directory, fresh }) => {
  refuseThoseOfV2(limits, path);
  const inForce = fresh ? UNLIMITED : readMemoryInForce(directory);
  const memory = toNumber(limits.max) ?? inForce.memory;
  const both = memoryAndSwap(limits, memory, inForce, path);
  const memorySetting = setting(MEMORY_FILES.memory, limits.max && toText(memory));
  const bothSetting = setting(MEMORY_FILES.memoryAndSwap, both && toText(both));
  // At no moment may the sum be lower than its part: the kernel answers EINVAL.
  const order = memory > inForce.memoryAndSwap ? [bothSetting, memorySetting] : [memorySetting, bothSetting];
  return [
    ...setting('memory.swappiness', limits.swappiness),
    ...setting('memory.oom_control', limits.oomKiller === undefined ? undefined : Number(!limits.oomKiller)),
    ...setting('memory.soft_limit_in_bytes', limits.low && toText(toNumber(limits.low))),
    ...order.flat(),
  ];
};

export function readMemoryInForce(directory: string): MemoryInForce {
  return {
    memory: readNumber(directory, MEMORY_FILES.memory),
    // The file is there only if the kernel accounts swap (boot option swapaccount=1).
    memoryAndSwap: ifThere(Number.NaN, () => readNumber(directory, MEMORY_FILES.memoryAndSwap)),
  };
}

/** When only memory.max is changed, the allowance for swap stays what it was, as on v2. */
export function swapInForce({ memory, memoryAndSwap }: MemoryInForce): number {
  return memoryAndSwap === NO_LIMIT ? NO_LIMIT : memoryAndSwap - memory;
}

const MEMORY_FILES = { memory: 'memory.limit_in_bytes', memoryAndSwap: 'memory.memsw.limit_in_bytes' };
const UNLIMITED: MemoryInForce = { memory: NO_LIMIT, memoryAndSwap: NO_LIMIT };

/** Taken are those that ask for nothing: no limit, no protection, what v1 does anyway. */
function refuseThoseOfV2(limits: CheckedMemory, path: string): void {
  for (const { key, file, nothing, instead } of ONLY_V2) {
    const value = limits[key];
    if (value === undefined || value === nothing) continue;
    throw refused('CONTROLLER_UNAVAILABLE', path, file, value, `cgroup v1 has no such limit; ${instead}`);
  }
}

const ONLY_V2 = [
  { key: 'high', file: 'memory.high', nothing: 'max', instead: 'use memory.max' },
  { key: 'min', file: 'memory.min', nothing: 0, instead: 'use memory.low, the soft limit' },
  { key: 'swapHigh', file: 'memory.swap.high', nothing: 'max', instead: 'use memory.swap' },
  { key: 'zswap', file: 'memory.zswap.max', nothing: 'max', instead: 'use memory.swap, 0 forbids it' },
  { key: 'zswapWriteback', file: 'memory.zswap.writeback', nothing: true, instead: 'use memory.swap, 0 forbids it' },
  { key: 'oomGroup', file: 'memory.oom.group', nothing: false, instead: 'watch oomKills() and kill() the rest' },
] as const;

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

function toNumber(bytes: number | 'max' | undefined): number | undefined {
  return bytes === 'max' ? NO_LIMIT : bytes;
}

function toText(bytes: number | undefined): string {
  return bytes === NO_LIMIT ? '-1' : String(bytes);
}

function refused(code: CgroupErrorCode, path: string, file: string, value: unknown, rule: string): CgroupError {
  return new CgroupError(code, `cannot set ${file} of ${path} to ${value}: ${rule}`, { path, file, value: `${value}` });
}
