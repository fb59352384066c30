import { readControl, writeControl } from '../control-file.ts';
import type { CpusetLimits } from '../limits.ts';
import { type Setting, setting } from '../setting.ts';

/** https://docs.kernel.org/admin-guide/cgroup-v1/cpusets.html */
export function cpusetSettings({ cpus, mems }: CpusetLimits): Setting[] {
  return [...setting('cpuset.cpus', cpus), ...setting('cpuset.mems', mems)];
}

/** A new v1 cpuset is empty, and no process can enter it before both files are filled. */
export function inheritCpuset(directory: string, parent: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (readControl(directory, file) === '') writeControl(directory, file, readControl(parent, file));
  }
}
