import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { DEFAULT_FOLDER } from './cgroup-path.ts';
import type { Host } from './host.ts';
import type { Hierarchy } from './mountinfo.ts';
import { isWritable } from './writable.ts';

/**
 * v1: the hierarchies in which the cgroup above is. What it is limited by there holds for what is inside it only with
 * a directory of its own there: processes would otherwise stay where they come from, outside of both. Our folder has
 * no limits.
 */
export function inheritedHierarchies(host: Host, path: string): Hierarchy[] {
  return host.hierarchies.filter(
    ({ version, controllers, mountPoint }) => version === 1 && controllers.length > 0 && isInside(mountPoint, path),
  );
}

/** The nearest above it that is there counts: those between are made together with it. */
function isInside(mountPoint: string, path: string): boolean {
  const parent = dirname(path);
  if (parent === '/' || parent === DEFAULT_FOLDER) return false;
  const directory = `${mountPoint}${parent}`;
  // One that is not ours to write in is one that our processes were not taken into either. Most are not there at all.
  return existsSync(directory) ? isWritable(directory) : isInside(mountPoint, parent);
}
