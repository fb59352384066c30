import { constants } from 'node:os';
import { type Fd, perform, SyscallError, umount } from '@estiba/syscalls';
import { mountBehind, mountIdAt, mountIdOf, openPath } from './mount-of.ts';
import { type MountPoint, mounts } from './mountinfo.ts';
import { hasMount, uniqueMountId } from './unique-mount-id.ts';
import { usersOf } from './users-of.ts';

/** A mount of ours; unmounted when disposed. */
export interface Mounted extends AsyncDisposable {
  /** Where it is, absolute. */
  readonly path: string;
  /**
   * Throws a SyscallError with code EBUSY while files in it are open, which says by whom. With `detach` it goes from the tree
   * at once, and for good when its last user is done. While another mount lies on top of it, on the same target, that is the
   * one in the way: EBUSY, also for `detach` and when disposed. Unmounting twice is harmless. umount2(2)
   */
  unmount(options?: { readonly detach?: boolean }): Promise<void>;
}

/**
 * What has just been mounted at an absolute path. By its descriptor, where there is one, it is told from what somebody else has
 * put on top of it since; without, what is there now is taken for it.
 */
export function mountedAt(path: string, tree?: Fd): Mounted {
  if (tree !== undefined) return new MountAt(path, identityOf(tree));
  using there = openPath(path);
  return new MountAt(path, identityOf(there));
}

/** What tells it from those that come after it: before Linux 6.8 nothing does for certain. */
interface Identity extends Pick<MountPoint, 'id'> {
  /** Undefined when somebody else has unmounted it already. */
  readonly device: string | undefined;
  readonly unique: bigint | undefined;
}

function identityOf(fd: Fd): Identity {
  return { id: mountIdOf(fd), device: mountBehind(fd)?.device, unique: uniqueMountId(fd) };
}

class MountAt implements Mounted {
  readonly path: string;
  readonly #mount: Identity;
  #mounted = true;

  constructor(path: string, mount: Identity) {
    this.path = path;
    this.#mount = mount;
  }

  async unmount({ detach = false }: { readonly detach?: boolean } = {}): Promise<void> {
    if (!this.#mounted) return;
    if (!(await this.#isThere())) {
      // Somebody else has unmounted it; what is there now is theirs.
      this.#mounted = false;
      return;
    }
    if (this.#isCovered()) throw covered(this.path);
    try {
      perform([umount(this.path, detach ? ['nofollow', 'detach'] : ['nofollow'])]);
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      if (error.code === 'EBUSY') throw await busy(this.path, error);
      // Nothing is mounted there, or nothing is there: somebody else has unmounted it, or moved what it was in.
      if (!['EINVAL', 'ENOENT', 'ENOTDIR'].includes(error.code) || (await this.#isThere())) throw error;
    }
    this.#mounted = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unmount({ detach: true });
  }

  async #isThere(): Promise<boolean> {
    const { unique, id, device } = this.#mount;
    const known = unique === undefined ? undefined : hasMount(unique);
    if (known !== undefined) return known;
    return (await mounts()).some((mount) => mount.id === id && mount.device === device);
  }

  /** Where there is nothing, umount2(2) says so. */
  #isCovered(): boolean {
    const { unique, id } = this.#mount;
    const [there, own] = unique === undefined ? [mountIdAt(this.path), id] : [uniqueMountId(this.path), unique];
    return there !== undefined && there !== own;
  }
}

/** The path leads to another mount, which umount2(2) would take instead. */
function covered(path: string): SyscallError {
  return new SyscallError({
    errno: constants.errno.EBUSY,
    call: umount(path, ['nofollow']),
    message: `cannot unmount ${path}: EBUSY, something else is on top of it, or in its place; unmount or move that first`,
  });
}

async function busy(path: string, { errno }: SyscallError): Promise<SyscallError> {
  const users = await usersOf(path);
  const who = users.length > 0 ? `in use by ${users.join(', ')}` : 'in use by a process that cannot be looked into';
  const remedy = 'end that first, or unmount with detach: true';
  return new SyscallError({
    errno: -errno,
    call: umount(path, ['nofollow']),
    message: `cannot unmount ${path}: EBUSY, ${who}; ${remedy}`,
  });
}
