/** Type flags. tar(5) */
import { UnionfsError } from '../unionfs-error.ts';
import { shown, type TarEntryType } from './tar-entry.ts';

/** Old archives have no flag for directories: their names end in a slash. */
export function typeOf(flag: string, name: Buffer): TarEntryType {
  const type = types[flag];
  if (type === 'file' && name.at(-1) === 0x2f) return 'directory';
  if (type !== undefined) return type;
  const what =
    flag === 'S'
      ? 'a sparse file'
      : flag === 'M'
        ? 'part of a multi-volume archive'
        : `of type ${JSON.stringify(flag)}`;
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
};
