/** Type flags. tar(5) */
import { UnionfsError } from '../unionfs-error.ts';
import { shown, type TarEntryType } from './tar-entry.ts';

/** Old archives have no flag for directories: their names end in a slash. */
export function typeOf(flag: string, name: Buffer): TarEntryType {
  const type = types[flag];
  const isDirectory = type === 'file' && name.at(-1) === 0x2f;
  if (isDirectory && flag === '0') return 'directory';
  if (type !== undefined && !isDirectory) return type;
  const what = isDirectory
    ? 'a sparse or contiguous file by the name of a directory'
    : (refused[flag] ?? `of type ${JSON.stringify(flag)}`);
  throw new UnionfsError('LAYER_INVALID', `cannot unpack ${shown(name)}: it is ${what}, which is not supported`, {
    entry: name.toString(),
  });
}

const types: Readonly<Record<string, TarEntryType>> = {
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  // Contiguous files, of which no file system knows any more.
  '7': 'file',
  // Of an incremental archive: a directory, whose content is a list of names.
  D: 'directory',
  // Sparse.
  S: 'file',
};

const refused: Readonly<Record<string, string>> = {
  A: 'an access list of Solaris',
  E: 'extended attributes of Solaris',
  I: 'an inode of star without its file',
  M: 'part of a multi-volume archive',
  N: 'a list of long names of an old GNU tar',
};
