import { perform, SyscallError, umount } from '@estiba/syscalls';
import { mountOf } from './mount-of.ts';
import { type MountPoint, mounts } from './mountinfo.ts';
import { usersOf } from './users-of.ts';

/** A mount of ours; unmounted when disposed. */
export interface Mounted extends AsyncDisposable {
  /** Where it is, absolute. */
  readonly path: string;
  /**
   * Throws a SyscallError with code EBUSY while files in it are open, which says by whom. With `detach` it goes from the tree
   * at once, and for good when its last user is done. Unmounting twice is harmless. umount2(2)
   */
  unmount(options?: { readonly detach?: boolean }): Promise<void>;
}

/** What has just been mounted at an absolute path. */
export async function mountedAt(path: string): Promise<Mounted> {
  return new MountAt(path, await mountOf(path));
}

class MountAt implements Mounted {
  readonly path: string;
  readonly #mount: MountPoint;
  #mounted = true;

  constructor(path: string, mount: MountPoint) {
    this.path = path;
    this.#mount = mount;
  }

  async unmount({ detach = false }: { readonly detach?: boolean } = {}): Promise<void> {
    if (!this.#mounted) return;
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
    const { id, device } = this.#mount;
    return (await mounts()).some((mount) => mount.id === id && mount.device === device);
  }
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
