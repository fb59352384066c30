import { CgroupError } from './cgroup-error.ts';
import type { CheckedLimits } from './checked-limits.ts';
import type { PidsLimits } from './controllers/pids.ts';

/** A controller by its name in the kernel; `io` is also v1's `blkio`. */
export type ControllerName =
  | 'cpu'
  | 'cpuset'
  | 'io'
  | 'memory'
  | 'hugetlb'
  | 'pids'
  | 'rdma'
  | 'misc'
  | V1ControllerName;
type V1ControllerName = 'net_cls' | 'net_prio' | 'perf_event';

/** The limits, with nothing limited for controllers that are wanted for themselves: they count, or others refer to them. */
export function withControllers(
  limits: CheckedLimits,
  controllers: readonly ControllerName[],
  path: string,
): CheckedLimits {
  return Object.assign({}, ...controllers.map((name) => nothing.get(name) ?? unknown(name, path)), limits);
}

const nothing = new Map<ControllerName, CheckedLimits>([
  ['cpu', { cpu: {} }],
  ['cpuset', { cpuset: {} }],
  ['io', { io: {} }],
  ['memory', { memory: {} }],
  ['hugetlb', { hugetlb: new Map() }],
  // Without `max`, which stays as it is.
  ['pids', { pids: {} as PidsLimits }],
  ['rdma', { rdma: { max: {} } }],
  ['misc', { misc: { max: {} } }],
  ['net_cls', { netCls: {} }],
  ['net_prio', { netPrio: {} }],
  ['perf_event', { perfEvent: {} }],
]);

function unknown(controller: string, path: string): never {
  const known = [...nothing.keys()].join(', ');
  const message = `cannot give ${path} the controller ${controller}: there is no such controller; known: ${known}`;
  throw new CgroupError('LIMIT_INVALID', message, { path, file: 'controllers', value: String(controller) });
}
