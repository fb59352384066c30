import { join } from 'node:path';
import { overlayTree } from '../steps/overlay.ts';
import type { OverlayOptions } from '../steps/overlay-options.ts';
import { UnionfsError } from '../unionfs-error.ts';

export interface OwnPaths {
  readonly upper?: string;
  readonly work?: string;
  /** The topmost of the lower directories of a view, by which its mounts are told from those of others. */
  readonly top?: string;
  readonly passage: string;
}

/** The directories that a snapshot has to itself. */
export function ownPaths(directory: string, view: boolean): OwnPaths {
  const own = view
    ? { top: join(directory, 'top') }
    : { upper: join(directory, 'upper'), work: join(directory, 'work') };
  return { ...own, passage: join(directory, 'passage') };
}

/**
 * All changes are to be in `upper`, each file whole and under the name that it is seen by, or no layer could be made of them;
 * and no layer has a say in what is shown where. So what would say otherwise is set, whatever the defaults of the machine are.
 * https://docs.kernel.org/filesystems/overlayfs.html#renaming-directories
 */
export function overlayOf(
  directory: string,
  view: boolean,
  lower: readonly string[],
  marks: 'trusted' | 'user',
): OverlayOptions {
  const { top, ...own } = ownPaths(directory, view);
  return {
    ...own,
    lower: top === undefined ? lower : [top, ...lower],
    index: false,
    // With `userxattr` these two are off, and naming them is an error on some kernels.
    ...(marks === 'user' ? { userxattr: true } : { redirectDir: 'nofollow' as const, metacopy: false }),
  };
}

/** Whether an overlay can have so many directories, with so long paths. */
export function fits(overlay: OverlayOptions): boolean {
  // A stack of nothing still has the empty layer.
  if (overlay.lower.length === 0) return true;
  try {
    overlayTree(overlay);
    return true;
  } catch (error) {
    if (error instanceof UnionfsError && error.code === 'OVERLAY_UNSUPPORTED') return false;
    throw error;
  }
}
