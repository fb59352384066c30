/**
 * The content of a directory, in blocks; names lie in the order of their bytes, across blocks and within each: the kernel
 * searches by halving. https://docs.kernel.org/filesystems/erofs.html, section "Directories"
 *
 *     entry | entry | … | name | name | …        entry: u64 inode | u16 where its name is | u8 type | u8
 */
import type { ImageDirectory } from './image-directory.ts';
import type { IndexWriter } from './index-writer.ts';
import type { Inode, InodeType } from './inode.ts';

const blockSize = 512;
const entrySize = 12;

/** As readdir(3) tells them. */
const types: Readonly<Record<InodeType, number>> = {
  file: 1,
  directory: 2,
  character: 3,
  block: 4,
  fifo: 5,
  symlink: 7,
};

/** Strings of one byte each: the order of their code units is that of their bytes. */
export function sortedNames({ names }: ImageDirectory): string[] {
  return ['.', '..', ...names.keys()].sort();
}

/** Only its last block may be shorter. */
export function directorySize(names: readonly string[]): number {
  let blocks = 0;
  let used = 0;
  for (const { length } of names) {
    if (used + entrySize + length > blockSize) {
      blocks += 1;
      used = 0;
    }
    used += entrySize + length;
  }
  return blocks * blockSize + used;
}

/** Block by block: a directory may be larger than what is written at once. */
export function writeDirectory(
  writer: IndexWriter,
  position: number,
  directory: ImageDirectory,
  names: readonly string[],
): void {
  let block = position;
  for (let first = 0; first < names.length; block += blockSize) {
    const { end, size } = nextBlock(names, first);
    const from = writer.room(block, size);
    const { bytes } = writer;
    let name = (end - first) * entrySize;
    for (let index = first; index < end; index++) {
      const text = names[index] as string;
      const inode = named(directory, text);
      const at = from + (index - first) * entrySize;
      bytes.writeUInt32LE(inode.number % 2 ** 32, at);
      bytes.writeUInt32LE(Math.floor(inode.number / 2 ** 32), at + 4);
      bytes.writeUInt16LE(name, at + 8);
      bytes[at + 10] = types[inode.type];
      bytes.write(text, from + name, 'latin1');
      name += text.length;
    }
    first = end;
  }
}

/** Where the names of the block end that begins with that one, and bytes in it. */
function nextBlock(names: readonly string[], first: number): { end: number; size: number } {
  let size = 0;
  for (let index = first; index < names.length; index++) {
    const more = size + entrySize + (names[index] as string).length;
    if (more > blockSize && index === first)
      throw new RangeError(`no block holds a name of ${names[index]?.length} bytes`);
    if (more > blockSize) return { end: index, size };
    size = more;
  }
  return { end: names.length, size };
}

function named(directory: ImageDirectory, name: string): Inode {
  if (name === '.') return directory;
  if (name === '..') return directory.parent ?? directory;
  return directory.names.get(name) as Inode;
}
