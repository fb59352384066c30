import { realpath } from 'node:fs/promises';
import { attempt, perform, umount } from '@estiba/syscalls';
import { type MountPoint, mounts } from './mountinfo.ts';

/**
 * What is mounted below a directory in the mount namespace of this process, the deepest first: the order in which it can
 * be unmounted. The directory itself is not below itself. Needs no privileges; nothing, when there is no such directory.
 */
export async function mountsBelow(directory: string): Promise<MountPoint[]> {
  const path = await realPath(directory);
  if (path === undefined) return [];
  const all = await mounts();
  const depth = depthIn(all);
  return all.filter(({ target }) => isBelow(target, path)).toSorted((a, b) => depth(b) - depth(a));
}

/**
 * Unmount all that is mounted below a directory, in the mount namespace of this process: what a crash left there. Gives the
 * targets. Needs CAP_SYS_ADMIN; throws a SyscallError with code EBUSY at the first that is in use, unless `detach` is asked
 * for: then it goes from the tree at once, and for good when its last user is done. Nobody else may be able to move things
 * below the directory meanwhile. umount2(2)
 */
export async function unmountBelow(directory: string, options: { readonly detach?: boolean } = {}): Promise<string[]> {
  const flags = options.detach ? (['nofollow', 'detach'] as const) : (['nofollow'] as const);
  const gone: string[] = [];
  for (const { target } of await mountsBelow(directory)) {
    const call = umount(target, flags);
    // Where mounts are shared, one may go with another; and what is hidden by a mount above the directory has no path.
    if (perform([attempt([call], ['EINVAL', 'ENOENT'])]).of(call) === 0) gone.push(target);
  }
  return gone;
}

async function realPath(directory: string): Promise<string | undefined> {
  try {
    return await realpath(directory);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

export function isBelow(path: string, directory: string): boolean {
  return path !== directory && path.startsWith(directory.endsWith('/') ? directory : `${directory}/`);
}

/** How many mounts stand below one: paths do not tell, as several may be on top of each other on one. */
export function depthIn(all: readonly MountPoint[]): (mount: MountPoint) => number {
  const byId = new Map(all.map((mount) => [mount.id, mount]));
  const known = new Map<number, number>();
  const depth = (mount: MountPoint): number => {
    const before = known.get(mount.id);
    if (before !== undefined) return before;
    // The parent of the root is listed nowhere, or is the root itself.
    known.set(mount.id, 0);
    const parent = byId.get(mount.parent);
    const found = parent === undefined ? 0 : depth(parent) + 1;
    known.set(mount.id, found);
    return found;
  };
  return depth;
}
