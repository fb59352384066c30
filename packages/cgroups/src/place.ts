import { existsSync } from 'node:fs';
import { CgroupError } from './cgroup-error.ts';
import { DEFAULT_FOLDER } from './cgroup-path.ts';
import type { CheckedLimits, LimitName } from './checked-limits.ts';
import { controllersOf, homeOf, insteadOf } from './home.ts';
import type { Host } from './host.ts';
import { inheritedHierarchies } from './inherited.ts';
import type { Hierarchy } from './mountinfo.ts';

/** One directory of a cgroup. On v2 a cgroup is one place; on v1 it is one in each hierarchy that is needed. */
export interface Place {
  readonly hierarchy: Hierarchy;
  readonly directory: string;
}

export function placeIn(hierarchy: Hierarchy, path: string): Place {
  return { hierarchy, directory: path === '/' ? hierarchy.mountPoint : hierarchy.mountPoint + path };
}

export function placeOf(places: readonly Place[], controller: string): Place | undefined {
  return places.find(({ hierarchy }) => hierarchy.controllers.includes(controller));
}

/** Together with those in v1 hierarchies where the same path has been made since. */
export function withAddedPlaces(host: Host, places: readonly Place[], path: string): readonly Place[] {
  const has = new Set(places.map(({ hierarchy }) => hierarchy.mountPoint));
  const added = host.hierarchies
    .filter(({ version, controllers, mountPoint }) => version === 1 && controllers.length > 0 && !has.has(mountPoint))
    .map((hierarchy) => placeIn(hierarchy, path))
    .filter(({ directory }) => existsSync(directory));
  return added.length === 0 ? places : inOrder([...places, ...added]);
}

/** As `neededHierarchies` has them: what tracks the processes first, and so removed last; the memory of v1 at the end. */
export function inOrder(places: readonly Place[]): Place[] {
  const rankOf = ({ hierarchy: { version, controllers } }: Place) => {
    if (version === 2) return 0;
    if (controllers.includes('freezer')) return 1;
    return controllers.includes('memory') ? 3 : 2;
  };
  return places.toSorted((a, b) => rankOf(a) - rankOf(b));
}

/** The v2 place: the only one that can freeze and kill by itself. */
export function unifiedPlace(places: readonly Place[]): Place | undefined {
  return places.find(({ hierarchy }) => hierarchy.version === 2);
}

/**
 * The hierarchies that a cgroup needs, in the order in which a process joins them: first the one that tracks it, so that
 * it can be killed from then on; memory last, so that the least of the joining is charged to the newcomer.
 */
export function neededHierarchies(host: Host, limits: CheckedLimits, path: string): Hierarchy[] {
  refuseFolder(host, limits, path);
  const homes = new Set<Hierarchy>();
  for (const name of Object.keys(limits) as LimitName[]) homes.add(homeOf(host, name) ?? unavailable(name, host, path));
  for (const hierarchy of inheritedHierarchies(host, path)) homes.add(hierarchy);
  for (const name of countingControllers(host)) {
    const home = host.controllers.get(name);
    if (home !== undefined) homes.add(home);
  }
  const tracking = host.unified ?? host.controllers.get('freezer');
  const memory = host.controllers.get('memory');
  const isAmong = (hierarchy: Hierarchy | undefined) =>
    hierarchy !== undefined && (homes.has(hierarchy) || hierarchy === tracking);
  const between = host.hierarchies.filter((each) => homes.has(each) && each !== memory);
  return [...new Set([tracking, ...between, memory])].filter((each) => each !== undefined).filter(isAmong);
}

/** Needed even without limits, because `stat()` reads there. The v2 tree counts CPU time without any controller. */
export function countingControllers(host: Host): string[] {
  return host.unified === undefined ? ['cpuacct', 'pids', 'memory'] : ['pids', 'memory'];
}

/** v1: those inside our folder are only where they are needed themselves, and would be outside of what limits it elsewhere. */
function refuseFolder(host: Host, limits: CheckedLimits, path: string): void {
  if (path !== DEFAULT_FOLDER) return;
  const everywhere = countingControllers(host).map((name) => host.controllers.get(name));
  for (const name of Object.keys(limits) as LimitName[]) {
    const home = homeOf(host, name);
    if (home?.version !== 1 || everywhere.includes(home)) continue;
    // A budget for realtime limits nobody: those below take theirs from it.
    if (name === 'cpu' && Object.keys(limits.cpu ?? {}).every((key) => key === 'realtime')) continue;
    const rule = `on v1 the cgroups in it need not be in ${home.mountPoint}; limit one below it, with the others inside`;
    throw new CgroupError('CONTROLLER_UNAVAILABLE', `cannot limit ${name} of ${path}: ${rule}`, { path, file: name });
  }
}

function unavailable(name: LimitName, host: Host, path: string): never {
  const offered = [...host.controllers.keys()].join(' ') || 'none';
  const wanted =
    controllersOf(name)
      .filter((each) => each !== '')
      .join(' or ') || 'v2 tree';
  const message = `cannot limit ${name} of ${path}: this host has no ${wanted} (${host.mode}: ${offered})`;
  throw new CgroupError(
    'CONTROLLER_UNAVAILABLE',
    `${message}; ${insteadOf(name) ?? 'boot with it, or ask for its delegation'}`,
    { path },
  );
}
