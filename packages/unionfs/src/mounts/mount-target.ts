/** What can be mounted on. The kernel refuses the rest with numbers that stand for much else. move_mount(2) */
import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { UnionfsError } from '../unionfs-error.ts';

/** Throws NAME_INVALID for a symbolic link, and for a tree also for what is no directory; what is missing can be made. */
export function checkTarget(target: string, kind: 'tree' | 'any'): void {
  const stats = statsOf(target);
  if (stats === undefined) return;
  const refuse = (why: string) => new UnionfsError('NAME_INVALID', `cannot mount on ${target}: ${why}`);
  if (stats.isSymbolicLink()) {
    throw refuse(`it is a symbolic link, to ${readlinkSync(target)}; give the path that it leads to`);
  }
  if (kind === 'tree' && !stats.isDirectory()) {
    throw refuse('it is no directory; give a directory, or a path where nothing is yet');
  }
}

/** What is above it may be a file, which making the directory tells. */
function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
