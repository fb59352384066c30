import type { CpuStat } from './controllers/cpu.ts';
import type { CpusetStat } from './controllers/cpuset.ts';
import type { HugetlbStat } from './controllers/hugetlb.ts';
import type { IoStat } from './controllers/io.ts';
import type { MemoryStat } from './controllers/memory-stat.ts';
import type { MiscStat } from './controllers/misc.ts';
import type { PidsStat } from './controllers/pids.ts';
import type { RdmaStat } from './controllers/rdma.ts';

/** What a cgroup, with all below it, uses now and has used. NaN: this host or this cgroup does not count it. */
export interface Stat {
  memory: MemoryStat;
  /** By the size of the pages. Left out where the cgroup is without the controller. */
  hugetlb?: HugetlbStat;
  cpu: CpuStat;
  pids: PidsStat;
  cpuset?: CpusetStat;
  rdma?: RdmaStat;
  misc?: MiscStat;
  /** The disks that were used; none where the cgroup is without the controller: `create(…, { controllers: ['io'] })`. */
  io: readonly IoStat[];
  /** Left out where the cgroup is not in a v2 tree. */
  cgroup?: TreeCounters;
}

/** cgroup.stat and cgroup.stat.local as the kernel prints them: https://docs.kernel.org/admin-guide/cgroup-v2.html#core-interface-files */
export interface TreeCounters {
  readonly [key: string]: number | undefined;
  readonly nr_descendants?: number;
  /** Removed, but memory is still charged to them. */
  readonly nr_dying_descendants?: number;
  /** Microseconds that this cgroup was frozen, on newer kernels. */
  readonly frozen_usec?: number;
}
