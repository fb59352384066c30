import type { CpusetLimits } from '../limits.ts';
import { type Setting, setting } from '../setting.ts';

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#cpuset-interface-files */
export function cpusetSettings({ cpus, mems }: CpusetLimits): Setting[] {
  return [...setting('cpuset.cpus', cpus), ...setting('cpuset.mems', mems)];
}
