import { CgroupError } from './cgroup-error.ts';
import type { CheckedLimits } from './checked-limits.ts';
import { applySettings, makePlace, wantedOf } from './create.ts';
import { enableControllers } from './delegation.ts';
import { parentsOf, removeDirectory } from './directories.ts';
import type { Host } from './host.ts';
import { neededHierarchies, type Place, placeIn, placeOf, unifiedPlace } from './place.ts';
import { moveProcess, processesIn } from './processes.ts';
import { readInForce, settingsFor } from './settings.ts';

/** Changes limits, and returns the places of the cgroup: there are more when a controller is used for the first time. */
export function setLimits(host: Host, places: readonly Place[], path: string, limits: CheckedLimits): readonly Place[] {
  enableMissing(places, path, limits);
  for (const place of places) applySettings(place, settingsFor(place, limits, path, readInForce(place, limits)), path);
  const added = addMissing(host, places, path, limits);
  // Before memory, which stays last: see neededHierarchies.
  return added.length === 0 ? places : [...places.slice(0, -1), ...added, ...places.slice(-1)];
}

/** v2: a controller that is used for the first time has to be enabled by the cgroups above. */
function enableMissing(places: readonly Place[], path: string, limits: CheckedLimits): void {
  const hierarchy = unifiedPlace(places)?.hierarchy;
  if (hierarchy === undefined) return;
  const parents = parentsOf(path).map((parent) => placeIn(hierarchy, parent).directory);
  enableControllers(parents, { ...wantedOf(hierarchy, limits), counting: [] }, path);
}

/** v1: the cgroup is made in one more hierarchy, limited there, and then its processes are taken there too. */
function addMissing(host: Host, places: readonly Place[], path: string, limits: CheckedLimits): Place[] {
  const isMissing = (name: string) => name in limits && placeOf(places, name) === undefined;
  const missing = neededHierarchies(host, limits, path).filter(
    ({ version, controllers }) => version === 1 && controllers.some(isMissing),
  );
  const made: string[] = [];
  try {
    const added = missing.map((hierarchy) => makePlace(hierarchy, path, limits, made));
    for (const place of added) applySettings(place, settingsFor(place, limits, path), path);
    moveAll(places, added, path);
    return added;
  } catch (error) {
    for (const directory of made.reverse()) removeDirectory(directory);
    throw error;
  }
}

/** Children born during the move may still be in the old place alone; nobody outruns ten rounds by chance. */
function moveAll(from: readonly Place[], to: readonly Place[], path: string): void {
  for (let round = 0; round < 10; round++) {
    const moved = new Set(processesIn(to));
    const left = processesIn(from).filter((pid) => !moved.has(pid));
    if (left.length === 0 || to.length === 0) return;
    for (const pid of left) moveIfAlive(pid, to, path);
  }
}

function moveIfAlive(pid: number, to: readonly Place[], path: string): void {
  try {
    moveProcess(pid, to, path);
  } catch (error) {
    if (!(error instanceof CgroupError && error.code === 'PROCESS_GONE')) throw error;
  }
}
