/** What can be mounted on. The kernel refuses the rest with numbers that stand for much else. move_mount(2) */
import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { UnionfsError } from '../unionfs-error.ts';

/**
 * Throws NAME_INVALID for a symbolic link, for what is below a file, and for a tree also for what is no directory; what is missing can
 * be made.
 */
export function checkTarget(target: string, kind: 'tree' | 'any'): void {
  const stats = statsOf(target);
  if (stats === undefined) return;
  if (stats.isSymbolicLink()) {
    throw refused(target, `it is a symbolic link, to ${readlinkSync(target)}; give the path that it leads to`);
  }
  if (kind === 'tree' && !stats.isDirectory()) {
    throw refused(target, `it is no directory; ${remedy}`);
  }
}

/** The directory, and those above it. Throws NAME_INVALID where something that is none is in the way. */
export async function makeTarget(target: string): Promise<void> {
  try {
    await mkdir(target, { recursive: true });
  } catch (cause) {
    // The last is what Node says of a link above it that leads nowhere.
    if (!['EEXIST', 'ENOTDIR', 'ENOENT'].includes((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
    throw belowNothing(target, cause);
  }
}

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw code === 'ENOTDIR' ? belowNothing(path, error) : error;
  }
}

const remedy = 'give a directory, or a path where nothing is yet';

function belowNothing(target: string, cause: unknown): UnionfsError {
  return refused(target, `what is above it is no directory; ${remedy}`, cause);
}

function refused(target: string, why: string, cause?: unknown): UnionfsError {
  return new UnionfsError('NAME_INVALID', `cannot mount on ${target}: ${why}`, { cause });
}
