import type { CpuCounters, CpuStat } from './controllers/cpu.ts';
import { type Place, placeOf, unifiedPlace } from './place.ts';
import { readLocalThrottling, readMax, readThrottling } from './v1/cpu.ts';
import { readUsage } from './v1/cpuacct.ts';
import { readCpu } from './v2/cpu.ts';

/** v1 knows throttling in `cpu` and usage in `cpuacct`; the v2 tree knows usage even beside v1. */
export function measureCpu(places: readonly Place[]): CpuStat {
  const cpu = placeOf(places, 'cpu');
  const usage = measureUsage(places);
  if (cpu?.hierarchy.version !== 1) return usage;
  const throttling = readThrottling(cpu.directory);
  const localStat = readLocalThrottling(cpu.directory);
  return {
    ...usage,
    throttledMicros: throttling.throttled_usec ?? Number.NaN,
    max: readMax(cpu.directory),
    stat: { ...usage.stat, ...throttling },
    ...(localStat && { localStat }),
  };
}

function measureUsage(places: readonly Place[]): CpuStat {
  const cpuacct = placeOf(places, 'cpuacct');
  if (cpuacct !== undefined) {
    const usage = readUsage(cpuacct.directory);
    return { ...NO_CPU, ...usage, stat: countersOf(usage) };
  }
  const unified = unifiedPlace(places);
  return unified === undefined ? NO_CPU : readCpu(unified.directory);
}

function countersOf(usage: { usageMicros: number; userMicros: number; systemMicros: number }): CpuCounters {
  return { usage_usec: usage.usageMicros, user_usec: usage.userMicros, system_usec: usage.systemMicros };
}

const NO_CPU: CpuStat = {
  usageMicros: Number.NaN,
  userMicros: Number.NaN,
  systemMicros: Number.NaN,
  throttledMicros: Number.NaN,
  max: Number.NaN,
  stat: {},
};
