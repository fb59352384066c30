/** What a directory lies on. statfs(2) */
import { statfsSync } from 'node:fs';
import { UnionfsError } from '../unionfs-error.ts';

const EROFS = 0xe0f5e1e2;
const OVERLAYFS = 0x794c7630;

/** Whether an EROFS image is mounted there, as the root of a tree or below one. */
export function isErofs(path: string): boolean {
  return magicOf(path) === EROFS;
}

/** An overlay would neither take the marks of layers nor be the upper directory of another. */
export function refuseOverlay(directory: string): void {
  if (magicOf(directory) !== OVERLAYFS) return;
  throw new UnionfsError(
    'OVERLAY_UNSUPPORTED',
    `cannot keep layers in ${directory}: it lies on overlayfs, which cannot hold layers; choose a directory on ext4, xfs, btrfs or tmpfs`,
  );
}

/** Of nothing where there is nothing. */
function magicOf(path: string): number | undefined {
  try {
    return statfsSync(path).type;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
