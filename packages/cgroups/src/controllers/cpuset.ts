import { invalid, known } from '../check.ts';
import { parseNumberList } from '../number-list.ts';

export interface CpusetLimits {
  /** Which CPUs: `'0-2,7'`; `''` for those of the cgroup above. */
  cpus?: string;
  /** Which memory nodes: `'0'`; `''` for those of the cgroup above. */
  mems?: string;
  /**
   * `'root'` takes the CPUs away from everybody outside, with a scheduler of their own; `'isolated'` does not even move
   * processes between them. Needs `cpus`, root, and a parent that is one too, such as `/`. v2 only; `'isolated'`: Linux 6.1.
   * https://docs.kernel.org/admin-guide/cgroup-v2.html#cpuset-interface-files
   */
  partition?: Partition;
}

export type Partition = 'member' | 'root' | 'isolated';

/** What the processes get in the end: what was asked for, as far as the cgroups above have it. */
export interface CpusetStat {
  effectiveCpus: readonly number[];
  effectiveMems: readonly number[];
  /** v2 only. The kernel makes a partition invalid by itself when its CPUs go, and says why: `root invalid (…)`. */
  partition?: Partition | `${Partition} invalid${string}`;
}

export function checkCpuset(cpuset: CpusetLimits, path: string): CpusetLimits {
  known(cpuset, ['cpus', 'mems', 'partition'], 'cpuset', path);
  for (const key of ['cpus', 'mems'] as const) {
    const list = cpuset[key];
    if (list === undefined) continue;
    const numbers = typeof list === 'string' ? parseNumberList(list) : { problem: "write a list such as '0-2,7'" };
    if ('problem' in numbers) throw invalid(`cpuset.${key}`, list, numbers.problem, path);
  }
  const { partition } = cpuset;
  if (partition !== undefined && !PARTITIONS.includes(partition))
    throw invalid('cpuset.cpus.partition', partition, `write one of ${PARTITIONS.join(', ')}`, path);
  return cpuset;
}

const PARTITIONS: readonly Partition[] = ['member', 'root', 'isolated'];
