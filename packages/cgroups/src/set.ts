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

/** Changes limits, and returns the places of the cgroup: there are more when a controller is used for the first time. */
export function setLimits(host: Host, places: readonly Place[], path: string, limits: CheckedLimits): readonly Place[] {
  // Made anew in one more hierarchy, it would be a cgroup without its processes.
  if (!places.some(({ directory }) => isDirectory(directory))) throw gone(path);
  // What is refused without asking the kernel is refused before any limit is written.
  const needed = neededHierarchies(host, limits, path);
  refuseOutside(host, places, path, limits);
  enableMissing(places, path, limits);
  const settings = places.map((place) => settingsFor(host, place, limits, { path, fresh: false }));
  for (const [index, place] of places.entries()) applySettings(place, settings[index] ?? [], path);
  const added = addMissing(host, places, path, limits, needed);
  return added.length === 0 ? places : inOrder([...places, ...added]);
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
  enableControllers(parents, { ...wantedOf(hierarchy, limits), counting: [] }, path);
}

/** v1: the cgroup is made in one more hierarchy, limited there, and then its processes are taken there too. */
function addMissing(
  host: Host,
  places: readonly Place[],
  path: string,
  limits: CheckedLimits,
  all: readonly Hierarchy[],
): Place[] {
  const has = new Set(places.map(({ hierarchy }) => hierarchy.mountPoint));
  const needed = new Set((Object.keys(limits) as LimitName[]).map((name) => homeOf(host, name)));
  const missing = all.filter(
    (hierarchy) => hierarchy.version === 1 && needed.has(hierarchy) && !has.has(hierarchy.mountPoint),
  );
  if (missing.length === 0) return [];
  const made: string[] = [];
  try {
    const added = missing.map((hierarchy) => makePlace(hierarchy, path, limits, made));
    for (const place of added) applySettings(place, settingsFor(host, place, limits, { path, fresh: true }), path);
    takeAlong({ path, places }, added, made);
    return added;
  } catch (error) {
    for (const directory of made.reverse()) removeDirectory(directory);
    throw error;
  }
}
