import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { perform, umount } from '@estiba/syscalls';
import { type OverlayOptions, overlay } from './steps/overlay.ts';

/** A mount of ours; unmounted when disposed. */
export interface Mounted extends AsyncDisposable {
  /** Where it is, absolute. */
  readonly path: string;
  /** Throws a SyscallError with code EBUSY while files in it are open. Unmounting twice is harmless. */
  unmount(): Promise<void>;
}

/**
 * Mount directories as one tree, now. `upper`, `work` and `target` are made when missing. Needs CAP_SYS_ADMIN.
 *
 * When it is disposed of while still in use, it goes from the tree at once, and for good when the last user is done.
 * A SyscallError says what the kernel refused, and why in its own words (`kernel`).
 */
export async function mountOverlay(options: OverlayOptions & { readonly target: string }): Promise<Mounted> {
  const paths = absolute(options);
  for (const path of [paths.upper, paths.work, paths.target]) {
    if (path !== undefined) await mkdir(path, { recursive: true });
  }
  perform(overlay(paths));
  return new OverlayMount(paths.target);
}

class OverlayMount implements Mounted {
  readonly path: string;
  #mounted = true;

  constructor(path: string) {
    this.path = path;
  }

  async unmount(): Promise<void> {
    if (!this.#mounted) return;
    perform([umount(this.path, ['nofollow'])]);
    this.#mounted = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#mounted) return;
    perform([umount(this.path, ['nofollow', 'detach'])]);
    this.#mounted = false;
  }
}

/** The kernel keeps the paths as they are given, and shows them in /proc/mounts. */
function absolute(options: OverlayOptions & { readonly target: string }): OverlayOptions & { readonly target: string } {
  const { lower, upper, work, target } = options;
  return {
    ...options,
    lower: lower.map((path) => resolve(path)),
    ...(upper !== undefined && { upper: resolve(upper) }),
    ...(work !== undefined && { work: resolve(work) }),
    target: resolve(target),
  };
}
