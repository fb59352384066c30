/** Who has a directory, or something in it, at a second place. A bind is a mount like any other, of a part of a file system. */
import { realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { mountNamespaces } from './mount-namespaces.ts';
import { mountOf } from './mount-of.ts';
import type { MountPoint } from './mountinfo.ts';
import { isBelow } from './mounts-below.ts';

/**
 * Where it is; and what is mounted in the directory itself, here. In mount namespaces of others only as far as this user may
 * look into them; a mount that is attached nowhere is not seen.
 */
export async function findBind(directory: string): Promise<string | undefined> {
  const path = await realpath(directory);
  const { device, root } = await placeOf(path);
  for await (const { process, mounts: there } of mountNamespaces()) {
    const found = there.find(
      (mount) =>
        (mount.device === device && isAtOrBelow(mount.root, root)) ||
        (process === 'self' && isAtOrBelow(mount.target, path)),
    );
    if (found === undefined) continue;
    return process === 'self' ? found.target : `${found.target} in the mount namespace of process ${process}`;
  }
  return undefined;
}

/** The path of a directory within its file system: `root` is what a bind of it shows. */
async function placeOf(path: string): Promise<Pick<MountPoint, 'device' | 'root'>> {
  const { device, root, target } = await mountOf(path);
  return { device, root: join(root, relative(target, path)) };
}

function isAtOrBelow(path: string, directory: string): boolean {
  return path === directory || isBelow(path, directory);
}
