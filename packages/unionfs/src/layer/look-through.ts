/**
 * What an overlay would show, found without one: for who may not mount.
 * https://docs.kernel.org/filesystems/overlayfs.html, section "whiteouts and opaque directories"
 */
import { closeSync, fstatSync, type Stats } from 'node:fs';
import { constants } from 'node:os';
import { attempt, out, perform, syscall } from '@estiba/syscalls';
import { openBeneath, terminated } from './beneath.ts';
import { listXattrs } from './extended-attributes.ts';

/**
 * A path without links in it, through layers in overlay form, the topmost first. A descriptor that only stands for what is
 * there, for the caller to close; undefined when nothing is.
 */
export function lookThrough(
  layers: readonly number[],
  path: string,
  namespace: 'trusted' | 'user',
): number | undefined {
  let merged: number[] = [];
  try {
    for (const layer of layers) merged.push(openBeneath(layer, '.', ['path']) as number);
    for (const name of path === '' ? [] : path.split('/')) {
      const next = within(merged, name, namespace);
      closeAll(merged);
      merged = next;
    }
    return merged.shift();
  } finally {
    closeAll(merged);
  }
}

/** What is there by that name in each, down to the one that hides what is below it: anything but a directory does. */
function within(directories: readonly number[], name: string, namespace: 'trusted' | 'user'): number[] {
  const found: number[] = [];
  try {
    for (const directory of directories) {
      const fd = openBeneath(directory, name, ['path']);
      if (typeof fd === 'string') continue;
      found.push(fd);
      const stats = fstatSync(fd);
      if (isWhiteout(stats)) closeSync(found.pop() as number);
      if (!stats.isDirectory() || isOpaque(fd, namespace)) break;
    }
    return found;
  } catch (error) {
    closeAll(found);
    throw error;
  }
}

function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0;
}

function isOpaque(fd: number, namespace: 'trusted' | 'user'): boolean {
  const value = out(1);
  const name = terminated(`${namespace}.overlay.opaque`);
  // Of a descriptor that only stands for a file the attributes are read by its path. open(2), O_PATH
  const path = `/proc/self/fd/${fd}`;
  const get = syscall('getxattr', path, name, value, 1);
  const results = perform([attempt([get], ['ENODATA', 'ENOTSUP', 'EOPNOTSUPP', 'ERANGE', 'EACCES'])]);
  // The mode of a directory may keep its owner from reading the value; that there is one he is told. xattr(7)
  if (results.of(get) === -constants.errno.EACCES) return listXattrs(path).includes(`${namespace}.overlay.opaque`);
  return results.of(get) === 1 && results.bytes(value).toString() === 'y';
}

function closeAll(fds: number[]): void {
  for (const fd of fds.splice(0)) closeSync(fd);
}
