import { accessSync, constants } from 'node:fs';
import { DEFAULT_FOLDER } from './cgroup-path.ts';
import { currentHost, type Host } from './host.ts';
import { processesInTheWay } from './inner.ts';
import { deepestPath, readMemberships } from './membership.ts';
import type { Hierarchy } from './mountinfo.ts';
import { countingControllers, placeIn } from './place.ts';

/**
 * Where this process may make cgroups, for the option `folder`: `/estiba` where it may write in the root; else `estiba` in
 * the cgroup, of its own and those above, that was delegated to its user. The nearest one without processes of its own: on
 * v2 only such a one can limit what is below it; where each has some, the nearest. `/estiba` also where nothing may be
 * written, for root too (a container with a read-only tree); what is refused there names the reason.
 *
 * The folder may lie outside the unit in which this process runs, as in a user session of systemd: limits of that unit do
 * not apply there.
 *
 * @throws CgroupError `CONTROLLER_UNAVAILABLE` where there are no cgroups at all
 */
export async function cgroupFolder(): Promise<string> {
  return folderOf(currentHost()) ?? DEFAULT_FOLDER;
}

/** Undefined where nothing was delegated. */
export function folderOf(host: Host, memberships = readMemberships('self')): string | undefined {
  const needed = neededByAll(host);
  const mayWorkIn = (path: string) => needed.every((hierarchy) => isDelegated(hierarchy, path));
  const mayLimitIn = (path: string) => needed.every((hierarchy) => isInner(hierarchy, path));
  if (mayWorkIn('/') && mayLimitIn('/')) return DEFAULT_FOLDER;
  const delegated = fromHereUp(deepestPath(host, memberships)).filter(mayWorkIn);
  const chosen = delegated.find(mayLimitIn) ?? delegated[0];
  if (chosen === undefined) return undefined;
  return chosen === '/' ? DEFAULT_FOLDER : `${chosen}${DEFAULT_FOLDER}`;
}

/** Those of a cgroup without any limit. */
function neededByAll(host: Host): Hierarchy[] {
  const counting = countingControllers(host).map((controller) => host.controllers.get(controller));
  return [...new Set([host.unified, ...counting])].filter((hierarchy) => hierarchy !== undefined);
}

/** The files that are handed to a user. https://docs.kernel.org/admin-guide/cgroup-v2.html#delegation */
function isDelegated(hierarchy: Hierarchy, path: string): boolean {
  const { directory } = placeIn(hierarchy, path);
  const files = hierarchy.version === 2 ? ['cgroup.procs', 'cgroup.subtree_control'] : ['cgroup.procs'];
  return [directory, ...files.map((file) => `${directory}/${file}`)].every(isWritable);
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** `/a/b` as `/a/b`, `/a`, `/`. */
function fromHereUp(path: string): string[] {
  const names = path.split('/').filter((name) => name !== '');
  return [...names.map((_, index) => `/${names.slice(0, names.length - index).join('/')}`), '/'];
}

function isInner(hierarchy: Hierarchy, path: string): boolean {
  if (hierarchy.version === 1) return true;
  try {
    return processesInTheWay(placeIn(hierarchy, path).directory).length === 0;
  } catch {
    // Threaded (ENOTSUP), or gone by now.
    return false;
  }
}
