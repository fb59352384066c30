import { Cgroup } from './cgroup.ts';
import { DEFAULT_FOLDER } from './cgroup-path.ts';
import { currentHost, type Host } from './host.ts';
import { processesInTheWay } from './inner.ts';
import { deepestPath, readMemberships } from './membership.ts';
import type { Hierarchy } from './mountinfo.ts';
import { countingControllers, placeIn } from './place.ts';
import { isWritable } from './writable.ts';

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
export async function cgroupFolder({ leaf = false }: FolderOptions = {}): Promise<string> {
  const host = currentHost();
  const folder = folderOf(host);
  const own = await Cgroup.of('self');
  if (!leaf || folder === DEFAULT_FOLDER || !mayWorkIn(host, own.path)) return folder ?? DEFAULT_FOLDER;
  await own.makeLeaf();
  return own.path + DEFAULT_FOLDER;
}

export interface FolderOptions {
  /**
   * Stay in the cgroup of this process, if that was delegated, so that the limits of its unit go on to apply: on v2 what is
   * in it, this process and those beside it, is moved into a cgroup `leaf` inside. `false` unless told.
   */
  leaf?: boolean;
}

/** Undefined where nothing was delegated. */
export function folderOf(host: Host, memberships = readMemberships('self')): string | undefined {
  const mayLimitIn = (path: string) => neededByAll(host).every((hierarchy) => isInner(hierarchy, path));
  if (mayWorkIn(host, '/') && mayLimitIn('/')) return DEFAULT_FOLDER;
  const delegated = fromHereUp(deepestPath(host, memberships)).filter((path) => mayWorkIn(host, path));
  const chosen = delegated.find(mayLimitIn) ?? delegated[0];
  if (chosen === undefined) return undefined;
  return chosen === '/' ? DEFAULT_FOLDER : `${chosen}${DEFAULT_FOLDER}`;
}

function mayWorkIn(host: Host, path: string): boolean {
  return neededByAll(host).every((hierarchy) => isDelegated(hierarchy, path));
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
