import { CgroupError } from './cgroup-error.ts';
import { gone } from './cgroup-reader.ts';
import type { CheckedLimits, LimitName } from './checked-limits.ts';
import { applySettings, makePlace, wantedOf } from './create.ts';
import { enableControllers } from './delegation.ts';
import { isDirectory, parentsOf, removeDirectory } from './directories.ts';
import { homeOf } from './home.ts';
import type { Host } from './host.ts';
import type { Hierarchy } from './mountinfo.ts';
import { inOrder, neededHierarchies, type Place, placeIn, unifiedPlace } from './place.ts';
import { settingsFor } from './settings.ts';
import { takeAlong } from './take-along.ts';
import { typeOf } from './threads.ts';
import { splitProcesses } from './v1/split-process.ts';

/** Changes limits, and returns the places of the cgroup: there are more when a controller is used for the first time. */
export function setLimits(host: Host, places: readonly Place[], path: string, limits: CheckedLimits): readonly Place[] {
  // Made anew in one more hierarchy, it would be a cgroup without its processes.
  if (!places.some(({ directory }) => isDirectory(directory))) throw gone(path);
  const needed = neededHierarchies(host, limits, path);
  refuseOutside(host, places, path, limits);
  const missing = missingHierarchies(host, places, limits, needed);
  if (missing.size > 0 && hasSingleThreads(places)) throw threaded(path, [...missing.values()].flat());
  enableMissing(places, path, limits);
  const made: string[] = [];
  try {
    const added = [...missing.keys()].map((hierarchy) => makePlace(hierarchy, path, limits, made));
    // What is refused without asking the kernel is refused before any limit of those inside is changed.
    const fresh = added.map((place) => settingsFor(host, place, limits, { path, fresh: true }));
    const settings = places.map((place) => settingsFor(host, place, limits, { path, fresh: false }));
    // Nobody is in these yet.
    for (const [index, place] of added.entries()) applySettings(place, fresh[index] ?? [], path);
    for (const [index, place] of places.entries()) applySettings(place, settings[index] ?? [], path);
    if (added.length === 0) return places;
    takeAlong({ path, places }, added, made);
    return inOrder([...places, ...added]);
  } catch (error) {
    for (const directory of made.reverse()) removeDirectory(directory);
    throw error;
  }
}

/** v1: those in which the cgroup has to be made, because it is limited there for the first time, with what limits it. */
function missingHierarchies(
  host: Host,
  places: readonly Place[],
  limits: CheckedLimits,
  needed: readonly Hierarchy[],
): ReadonlyMap<Hierarchy, LimitName[]> {
  const missing = needed.filter(
    ({ version, mountPoint }) => version === 1 && !places.some(({ hierarchy }) => hierarchy.mountPoint === mountPoint),
  );
  const names = Object.keys(limits) as LimitName[];
  return new Map(
    missing
      .map((hierarchy) => [hierarchy, names.filter((name) => homeOf(host, name) === hierarchy)] as const)
      .filter(([, its]) => its.length > 0),
  );
}

/**
 * Hybrid: who made it in v1 hierarchies alone, such as another engine, left its processes where they are in the v2 tree.
 * There they may be tracked by systemd, so they are not taken out of it: what only that tree limits is refused.
 */
function refuseOutside(host: Host, places: readonly Place[], path: string, limits: CheckedLimits): void {
  for (const name of Object.keys(limits) as LimitName[]) {
    const home = homeOf(host, name);
    if (home?.version !== 2 || places.some(({ hierarchy }) => hierarchy.mountPoint === home.mountPoint)) continue;
    const rule = `this host limits that in ${home.mountPoint}, and the cgroup is in v1 hierarchies alone; create() one`;
    throw new CgroupError('CONTROLLER_UNAVAILABLE', `cannot limit ${name} of ${path}: ${rule}`, { path, file: name });
  }
}

/** v2: a controller that is used for the first time has to be enabled by the cgroups above. */
function enableMissing(places: readonly Place[], path: string, limits: CheckedLimits): void {
  const hierarchy = unifiedPlace(places)?.hierarchy;
  if (hierarchy === undefined) return;
  const parents = parentsOf(path).map((parent) => placeIn(hierarchy, parent).directory);
  enableControllers(
    parents,
    { ...wantedOf(hierarchy, limits), counting: [], threaded: typeOf(places) === 'threaded' },
    path,
  );
}

/** v2 tells by its type, v1 by who is in it. */
function hasSingleThreads(places: readonly Place[]): boolean {
  return typeOf(places) === 'threaded' || splitProcesses(places).length > 0;
}

/** Its threads belong to processes that are in the cgroup above, which would be taken along as a whole. */
function threaded(path: string, names: readonly LimitName[]): CgroupError {
  const file = names.join(', ');
  const rule = 'a cgroup with single threads gets no v1 hierarchy later on; name the limit in threadedChild()';
  return new CgroupError('CONTROLLER_UNAVAILABLE', `cannot limit ${file} of ${path}: ${rule}`, { path, file });
}
