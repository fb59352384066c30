import type { CheckedCpu } from '../checked-limits.ts';
import { readKeys } from '../control-file.ts';
import { type Setting, setting } from '../setting.ts';
import type { CpuStat } from '../stat.ts';

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files */
export function cpuSettings({ max, weight }: CheckedCpu): Setting[] {
  return [...setting('cpu.weight', weight), ...setting('cpu.max', max && `${max.quota} ${max.period}`)];
}

/** cpu.stat is there without the controller too, but then knows nothing of throttling. */
export function readCpu(directory: string): CpuStat {
  const stat = readKeys(directory, 'cpu.stat');
  return {
    usageMicros: stat.get('usage_usec') ?? Number.NaN,
    userMicros: stat.get('user_usec') ?? Number.NaN,
    systemMicros: stat.get('system_usec') ?? Number.NaN,
    throttledMicros: stat.get('throttled_usec') ?? Number.NaN,
  };
}
