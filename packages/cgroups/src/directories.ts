import { mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { enableControllers, type Wanted } from './delegation.ts';
import { ifThere } from './missing-file.ts';
import type { Hierarchy } from './mountinfo.ts';
import { type Place, placeIn } from './place.ts';
import { errnoOf, refusal } from './refusal.ts';
import { inheritCpuset } from './v1/cpuset.ts';

/**
 * Makes the cgroup in one hierarchy, and those above it that are missing. `made` collects what is new, so that a failure
 * can be undone. The cgroup itself must be new: making it is also how two creators of one name find out about each other.
 */
export function makeCgroup(hierarchy: Hierarchy, path: string, wanted: Wanted, made: string[]): Place {
  const place = placeIn(hierarchy, path);
  const parents = parentsOf(path).map((parent) => placeIn(hierarchy, parent).directory);
  for (let attempt = 1; ; attempt++) {
    try {
      if (hierarchy.version === 2) enableControllers(parents, wanted, path);
      makeDirectory(hierarchy, place.directory, made);
      return place;
    } catch (cause) {
      // ENOENT: a parent is missing, perhaps because somebody removes it at this very moment.
      if (errnoOf(cause) !== 'ENOENT' || attempt === 3) throw cannotMake(cause, place.directory, path);
      makeParents(hierarchy, parents, path, made);
    }
  }
}

/** `/a/b/c` as `/`, `/a`, `/a/b`. */
export function parentsOf(path: string): string[] {
  const names = path.split('/').slice(1, -1);
  return ['/', ...names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`)];
}

/** Whether there is such a cgroup; a control file is none. */
export function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Every cgroup below this one, the deepest first. One of them that is removed meanwhile hides none of the others. */
export function descendants(directory: string): string[] {
  // Each directory inside adds a link; asking for that is ten times cheaper than reading the list.
  if (statSync(directory).nlink === 2) return [];
  const below = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return below
    .map(({ name }) => `${directory}/${name}`)
    .flatMap((inside) => ifThere<string[]>([], () => [...descendants(inside), inside]));
}

/** Whether it is gone now; false: something is still inside. */
export function removeDirectory(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return true;
    if (errnoOf(error) === 'EBUSY') return false;
    throw error;
  }
}

function makeParents(hierarchy: Hierarchy, parents: readonly string[], path: string, made: string[]): void {
  for (const parent of parents.slice(1)) {
    try {
      makeDirectory(hierarchy, parent, made);
    } catch (cause) {
      if (errnoOf(cause) !== 'EEXIST') throw cannotMake(cause, parent, path);
    }
  }
}

function makeDirectory(hierarchy: Hierarchy, directory: string, made: string[]): void {
  mkdirSync(directory);
  made.push(directory);
  if (hierarchy.version === 1 && hierarchy.controllers.includes('cpuset')) {
    inheritCpuset(directory, directory.slice(0, directory.lastIndexOf('/')));
  }
}

function cannotMake(cause: unknown, directory: string, path: string): unknown {
  return refusal(cause, { attempt: `create cgroup ${path}: mkdir ${directory}`, path, file: directory });
}
