import { readdirSync } from 'node:fs';
import { isDirectory } from './directories.ts';
import type { Host } from './host.ts';
import { inOrder, type Place, placeIn } from './place.ts';
import { errnoOf, refusal } from './refusal.ts';

/** A cgroup in the tree: on v1 a name may be in some hierarchies only. */
export interface Branch {
  readonly path: string;
  readonly places: readonly Place[];
}

/** The cgroups directly inside, in any hierarchy, by name. What is removed meanwhile is left out. */
export function branchesOf({ path, places }: Branch): Branch[] {
  const found = new Map<string, Place[]>();
  for (const { hierarchy, directory } of places) {
    for (const name of namesIn(directory)) {
      const below = { hierarchy, directory: `${directory}/${name}` };
      found.set(name, [...(found.get(name) ?? []), below]);
    }
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, below]) => ({ path: path === '/' ? `/${name}` : `${path}/${name}`, places: below }));
}

/** A cgroup and all below it, each before those inside; those inside of what `into` refuses are not looked for. */
export function* walk(branch: Branch, into: (branch: Branch) => boolean = () => true): Generator<Branch> {
  yield branch;
  if (into(branch)) for (const below of branchesOf(branch)) yield* walk(below, into);
}

/** The same path in each hierarchy of the host that has it. */
export function branchAt(host: Host, path: string): Branch {
  const places = inOrder(host.hierarchies.map((hierarchy) => placeIn(hierarchy, path)));
  return { path, places: places.filter(({ directory }) => isThere(directory, path)) };
}

function isThere(directory: string, path: string): boolean {
  try {
    return isDirectory(directory);
  } catch (cause) {
    throw refusal(cause, { attempt: `find cgroup ${path}: stat ${directory}`, path, file: directory });
  }
}

function namesIn(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENODEV') return [];
    throw error;
  }
}
