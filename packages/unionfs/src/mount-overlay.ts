import { mkdir } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { perform } from '@estiba/syscalls';
import { type Mounted, mountedAt } from './mounts/mounted.ts';
import { explainRefusal } from './mounts/overlay-refusals.ts';
import { type OverlayOptions, overlay } from './steps/overlay.ts';
import { UnionfsError } from './unionfs-error.ts';

export type { Mounted } from './mounts/mounted.ts';

/**
 * Mount directories as one tree, now. `target` is made when missing, and so are `upper` and `work` in a directory that exists:
 * that of a snapshot which was removed does not come back. Needs CAP_SYS_ADMIN.
 *
 * When it is disposed of while still in use, it goes from the tree at once, and for good when the last user is done.
 * Throws a UnionfsError with code OVERLAY_UNSUPPORTED where we know why the kernel refuses it; otherwise a SyscallError that
 * says what the kernel refused, and why in its own words (`kernel`).
 */
export async function mountOverlay(options: OverlayOptions & { readonly target: string }): Promise<Mounted> {
  const paths = absolute(options);
  for (const path of [paths.upper, paths.work]) if (path !== undefined) await makeInside(path, paths.target);
  await mkdir(paths.target, { recursive: true });
  try {
    perform(overlay(paths));
  } catch (error) {
    throw explainRefusal(error, paths);
  }
  return await mountedAt(paths.target);
}

async function makeInside(path: string, target: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT') throw cause;
    throw new UnionfsError(
      'OVERLAY_UNSUPPORTED',
      `cannot mount an overlay on ${target}: there is no directory ${dirname(path)} to hold ${basename(path)}; make it first, or, if it was that of a snapshot, which has been removed, prepare another`,
      { cause },
    );
  }
}

/** The kernel keeps the paths as they are given, and shows them in /proc/mounts. */
function absolute(options: OverlayOptions & { readonly target: string }): OverlayOptions & { readonly target: string } {
  const { lower, upper, work, passage, target } = options;
  return {
    ...options,
    lower: lower.map((path) => resolve(path)),
    ...(upper !== undefined && { upper: resolve(upper) }),
    ...(work !== undefined && { work: resolve(work) }),
    ...(passage !== undefined && { passage: resolve(passage) }),
    target: resolve(target),
  };
}
