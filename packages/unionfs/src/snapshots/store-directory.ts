import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UnionfsError } from '../unionfs-error.ts';

/** Where a store is to be, made when missing; as it was given, but absolute. */
export async function makeStoreDirectory(directory: string): Promise<string> {
  if (directory === '') {
    const why = 'the path is empty; give that of a directory, "." for the current one';
    throw new UnionfsError('NAME_INVALID', `cannot open a store in "": ${why}`);
  }
  const path = resolve(directory);
  try {
    await mkdir(path, { recursive: true });
    return path;
  } catch (cause) {
    // Of a link that leads nowhere mkdir(2) says that it exists, and Node that what it leads to does not.
    if (!['EEXIST', 'ENOTDIR', 'ENOENT'].includes((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
    const why = 'it is no directory, or leads through what is none; give a directory, or a path where nothing is yet';
    throw new UnionfsError('NAME_INVALID', `cannot open a store in ${path}: ${why}`, { cause });
  }
}
