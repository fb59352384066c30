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
  const place = placeOf(path);
  if (place === undefined) throw new Error(`cannot find the mount that ${path} is on`);
  const { device, root } = place;
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

/** The path of a directory within its file system: `root` is what a bind of it shows. Undefined where its mount is not listed. chroot(2) */
export function placeOf(path: string): Pick<MountPoint, 'device' | 'root'> | undefined {
  const mount = mountOf(path);
  return mount && { device: mount.device, root: join(mount.root, relative(mount.target, path)) };
}

function isAtOrBelow(path: string, directory: string): boolean {
  return path === directory || isBelow(path, directory);
}
