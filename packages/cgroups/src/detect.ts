import { accessSync, constants } from 'node:fs';
import { type Host, refreshHost } from './host.ts';
import { pathIn, readMemberships } from './membership.ts';
import { countingControllers, placeIn } from './place.ts';

export interface CgroupSupport {
  mode: 'v1' | 'v2' | 'hybrid';
  /** Each controller that can be used, and the version under which: `{ memory: 2, pids: 2 }`. */
  controllers: Record<string, 1 | 2>;
  /** Whether this process may make cgroups: anywhere, or at least below its own. */
  delegated: boolean;
}

/**
 * What this host offers, for choosing before failing. Reads the mount table again: call it after mounting or unmounting
 * a cgroup file system.
 *
 * @throws CgroupError `CONTROLLER_UNAVAILABLE` where there are no cgroups at all
 */
export async function detectCgroups(): Promise<CgroupSupport> {
  const host = refreshHost();
  const controllers = [...host.controllers].map(([name, { version }]) => [name, version] as const);
  return { mode: host.mode, controllers: Object.fromEntries(controllers), delegated: isDelegated(host) };
}

function isDelegated(host: Host): boolean {
  const memberships = readMemberships('self');
  const counting = countingControllers(host).map((controller) => host.controllers.get(controller));
  const needed = [...new Set([host.unified, ...counting])].filter((hierarchy) => hierarchy !== undefined);
  return needed.every((hierarchy) =>
    ['/', pathIn(hierarchy, memberships) ?? '/'].some((path) => isWritable(placeIn(hierarchy, path).directory)),
  );
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    accessSync(`${directory}/cgroup.procs`, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
