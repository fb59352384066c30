import type { CpuLimits } from './controllers/cpu.ts';
import type { CpusetLimits } from './controllers/cpuset.ts';
import type { DevicesLimits } from './controllers/devices.ts';
import type { HugetlbLimits } from './controllers/hugetlb.ts';
import type { IoLimits } from './controllers/io.ts';
import type { MemoryLimits } from './controllers/memory.ts';
import type { MiscLimits } from './controllers/misc.ts';
import type { NetClsLimits } from './controllers/net-cls.ts';
import type { NetPrioLimits } from './controllers/net-prio.ts';
import type { PidsLimits } from './controllers/pids.ts';
import type { RdmaLimits } from './controllers/rdma.ts';

/** How much the processes of a cgroup may use, in the words of cgroup v2. What is left out stays as it is. */
export interface Limits {
  memory?: MemoryLimits;
  cpu?: CpuLimits;
  cpuset?: CpusetLimits;
  pids?: PidsLimits;
  io?: IoLimits;
  hugetlb?: HugetlbLimits;
  rdma?: RdmaLimits;
  misc?: MiscLimits;
  devices?: DevicesLimits;
  /** v1 only; on v2, firewalls know a cgroup by its path. */
  netCls?: NetClsLimits;
  /** v1 only, as well. */
  netPrio?: NetPrioLimits;
  /** v2 only: any control file by its name, written as it is, after all others: `{ 'memory.high': '1000000' }`. */
  unified?: Readonly<Record<string, string>>;
}
