import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { CgroupError } from '../cgroup-error.ts';
import { readControl, writeControl } from '../control-file.ts';
import type { Controller } from '../controller.ts';
import type { CpusetLimits, CpusetStat } from '../controllers/cpuset.ts';
import { numbersOf } from '../number-list.ts';
import { type Setting, setting } from '../setting.ts';

/** https://docs.kernel.org/admin-guide/cgroup-v1/cpusets.html */
export const cpusetSettings: Controller<CpusetLimits> = (limits, { path, directory, fresh }) => {
  refusePartition(limits, path);
  return [
    ...listSettings('cpuset.cpus', limits.cpus, directory, fresh),
    ...listSettings('cpuset.mems', limits.mems, directory, fresh),
  ];
};

export function readCpuset(directory: string): CpusetStat {
  return {
    effectiveCpus: numbersOf(readControl(directory, 'cpuset.effective_cpus')),
    effectiveMems: numbersOf(readControl(directory, 'cpuset.effective_mems')),
  };
}

/**
 * A new v1 cpuset is empty, and no process can enter it before both files are filled. Nor can anything be filled below one that
 * is empty, as who made it and was killed has left it, or is about to fill it: so from the top down.
 */
export function inheritCpuset(directory: string, parent: string): void {
  for (const file of FILES) {
    if (readControl(directory, file) === '') writeControl(directory, file, filled(parent, file));
  }
}

/** The root is never empty. */
function filled(directory: string, file: string): string {
  const list = readControl(directory, file);
  const above = dirname(directory);
  if (list !== '' || !existsSync(`${above}/${file}`)) return list;
  writeControl(directory, file, filled(above, file));
  return readControl(directory, file);
}

const FILES = ['cpuset.cpus', 'cpuset.mems'];

/** cpu_exclusive keeps siblings away, but not the processes of the cgroup above: it would promise less. */
function refusePartition({ partition }: CpusetLimits, path: string): void {
  if (partition === undefined || partition === 'member') return;
  const file = 'cpuset.cpus.partition';
  const rule =
    'cgroup v1 has no partitions; use cpuset.cpus, and keep the others away from these CPUs with cpusets of their own';
  const message = `cannot set ${file} of ${path} to ${partition}: ${rule}`;
  throw new CgroupError('CONTROLLER_UNAVAILABLE', message, { path, file, value: partition });
}

/** An empty list would lock processes out; on v2 it stands for all that the cgroup above has. */
function listSettings(file: string, list: string | undefined, directory: string, fresh: boolean): Setting[] {
  if (list !== '') return setting(file, list);
  return fresh ? [] : setting(file, readControl(dirname(directory), file));
}
