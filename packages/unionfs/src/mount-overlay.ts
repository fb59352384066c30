import { mkdir, realpath } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { type Fd, launch, perform } from '@estiba/syscalls';
import { ownSource } from './mounts/mount-owner.ts';
import { checkTarget, makeTarget } from './mounts/mount-target.ts';
import { type Mounted, mountedAt } from './mounts/mounted.ts';
import { explainRefusal } from './mounts/overlay-refusals.ts';
import { attach } from './steps/detached-mount.ts';
import { kernelHas } from './steps/kernel.ts';
import { type OverlayOptions, overlay, overlayTree } from './steps/overlay.ts';
import { overlayIdmapped } from './steps/overlay-idmapped.ts';
import { UnionfsError } from './unionfs-error.ts';

export type { Mounted } from './mounts/mounted.ts';

/**
 * Mount directories as one tree, now. `target` is made when missing, and so are `upper` and `work` in a directory that exists:
 * that of a snapshot which was removed does not come back. Needs CAP_SYS_ADMIN.
 *
 * Its source in /proc/mounts says which process mounted it, unless another is given: `SnapshotStore.prune` tells from that what
 * was left behind.
 *
 * When it is disposed of while still in use, it goes from the tree at once, and for good when the last user is done.
 * Throws a UnionfsError with code OVERLAY_UNSUPPORTED where we know why the kernel refuses it; otherwise a SyscallError that
 * says what the kernel refused, and why in its own words (`kernel`). With code NAME_INVALID where `target` is no directory.
 */
export async function mountOverlay(options: OverlayOptions & { readonly target: string }): Promise<Mounted> {
  const paths = absolute(options);
  checkTarget(paths.target, 'tree');
  for (const path of [paths.upper, paths.work]) if (path !== undefined) await makeInside(path, paths.target);
  await makeTarget(paths.target);
  const source = ownSource(await realpath(paths.target));
  using tree = await make({ source, ...paths }).catch((error) => {
    throw explainRefusal(error, paths);
  });
  return mountedAt(paths.target, tree);
}

/** Here, or where it takes more than this process can undo, in one of its own. Gives its descriptor, where it was made as one. */
async function make(options: OverlayOptions & { readonly target: string }): Promise<Fd | undefined> {
  const { lowerIdmap, passage, target } = options;
  if (lowerIdmap === undefined || passage === undefined || kernelHas(6, 15) || !kernelHas(5, 19)) {
    if (!kernelHas(6, 8)) {
      // It may take mount(2), which gives none.
      perform(overlay(options));
      return undefined;
    }
    const made = overlayTree(options);
    return perform(attach('overlay', made, target), { keep: [made.tree] }).fd(made.tree);
  }
  await using child = await launch(overlayIdmapped({ ...options, lowerIdmap, passage }));
  await child.wait();
  return undefined;
}

async function makeInside(path: string, target: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw cause;
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
