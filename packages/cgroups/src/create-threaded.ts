import { mkdirSync } from 'node:fs';
import type { CheckedLimits } from './checked-limits.ts';
import { readWords, writeControl } from './control-file.ts';
import { applySettings, makePlace, wantedOf } from './create.ts';
import { enableControllers } from './delegation.ts';
import { parentsOf, removeDirectory } from './directories.ts';
import type { Host } from './host.ts';
import type { Hierarchy } from './mountinfo.ts';
import { neededHierarchies, type Place, placeIn } from './place.ts';
import { refusal } from './refusal.ts';
import { settingsFor } from './settings.ts';
import { checkThreaded, threadedControllers } from './threads.ts';

/** Makes a cgroup for single threads, with its limits, or nothing at all. The parent may have processes of its own. */
export function createThreaded(host: Host, path: string, limits: CheckedLimits): Place[] {
  checkThreaded(limits, path);
  const made: string[] = [];
  try {
    const places = hierarchiesFor(host, limits, path).map((hierarchy) =>
      hierarchy.version === 2 ? makeThreaded(hierarchy, path, limits, made) : makePlace(hierarchy, path, limits, made),
    );
    for (const place of places) applySettings(place, settingsFor(host, place, limits, { path, fresh: true }), path);
    return places;
  } catch (error) {
    for (const directory of made.reverse()) removeDirectory(directory);
    throw error;
  }
}

/** Memory belongs to processes: there is no place for a thread where only that is counted. */
function hierarchiesFor(host: Host, limits: CheckedLimits, path: string): Hierarchy[] {
  const needed = neededHierarchies(host, limits, path);
  return needed.filter(
    ({ version, controllers }) => version === 2 || controllers.some((each) => threadedControllers.has(each)),
  );
}

/**
 * The order matters: being threaded, it makes a threaded domain of its parent, and only such a one may have processes and
 * enable controllers at the same time. https://docs.kernel.org/admin-guide/cgroup-v2.html#threads
 */
function makeThreaded(hierarchy: Hierarchy, path: string, limits: CheckedLimits, made: string[]): Place {
  const place = placeIn(hierarchy, path);
  const parents = parentsOf(path).map((each) => placeIn(hierarchy, each).directory);
  const parent = parents.at(-1) ?? hierarchy.mountPoint;
  const required = [...new Set([...wantedOf(hierarchy, limits).required, 'pids'])].filter((each) =>
    hierarchy.controllers.includes(each),
  );
  // The parent itself has to have them, from those above it.
  enableControllers(parents.slice(0, -1), { required, counting: [], threaded: true }, path);
  const wanted = required.filter((each) => !readWords(parent, 'cgroup.subtree_control').includes(each));
  const attempt = `create threaded cgroup ${path}`;
  step(`${attempt}: mkdir ${place.directory}`, path, place.directory, () => mkdirSync(place.directory));
  made.push(place.directory);
  const type = `${place.directory}/cgroup.type`;
  step(`${attempt}: write threaded to ${type}`, path, type, () =>
    writeControl(place.directory, 'cgroup.type', 'threaded'),
  );
  if (wanted.length > 0) {
    const value = wanted.map((each) => `+${each}`).join(' ');
    const file = `${parent}/cgroup.subtree_control`;
    step(`${attempt}: write ${value} to ${file}`, path, file, () =>
      writeControl(parent, 'cgroup.subtree_control', value),
    );
  }
  return place;
}

function step(attempt: string, path: string, file: string, act: () => void): void {
  try {
    act();
  } catch (cause) {
    throw refusal(cause, { attempt, path, file });
  }
}
