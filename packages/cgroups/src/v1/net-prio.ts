import type { Controller } from '../controller.ts';
import type { NetPrioLimits } from '../controllers/net-prio.ts';
import { setting } from '../setting.ts';

/** One interface with each write. https://docs.kernel.org/admin-guide/cgroup-v1/net_prio.html */
export const netPrioSettings: Controller<NetPrioLimits> = (priorities) =>
  Object.entries(priorities).flatMap(([name, priority]) => setting('net_prio.ifpriomap', `${name} ${priority}`));
