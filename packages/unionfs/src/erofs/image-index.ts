/**
 * What is written behind the archive: all inodes, then the content of directories and links that has no room behind its
 * inode.
 */

import { Breaks } from '../layer/breaks.ts';
import { UnionfsError } from '../unionfs-error.ts';
import { directorySize, sortedNames } from './disk-directory.ts';
import { blockSize, headSize, inodeSize, type Placed, slotSize, writeContent, writeInode } from './disk-inode.ts';
import { ImageDirectory } from './image-directory.ts';
import type { ImageFile } from './image-file.ts';
import { IndexWriter } from './index-writer.ts';
import type { Inode } from './inode.ts';

export interface ImageIndex {
  readonly inodes: readonly Placed[];
  /** Where numbers of inodes count from, and where it ends, in bytes of the image. */
  readonly start: number;
  readonly end: number;
}

/** Blocks are counted in 32 bits; the last number stands for none. */
export const largestImage = (2 ** 32 - 1) * blockSize;

/** Gives everything below the root its place, behind `from`. */
export function arrangeIndex(root: ImageDirectory, from: number): ImageIndex {
  const start = Math.ceil(from / blockSize) * blockSize;
  // To readdir(3) the number 0 stands for no file: so there is none.
  let at = start + inodeSize;
  const inodes: Placed[] = [];
  for (const inode of reached(root)) {
    const names = inode instanceof ImageDirectory ? sortedNames(inode) : undefined;
    const contentSize = names === undefined ? (inode.target?.length ?? 0) : directorySize(names);
    const head = headSize(inode);
    const isInline = contentSize > 0 && contentSize <= blockSize - (head % blockSize);
    if (isInline && ((at + head) % blockSize) + contentSize > blockSize) at = Math.ceil(at / blockSize) * blockSize;
    inode.number = (at - start) / slotSize;
    inodes.push({ inode, position: at, names, contentSize, isInline, contentPosition: 0 });
    at = Math.ceil((at + head + (isInline ? contentSize : 0)) / inodeSize) * inodeSize;
  }
  at = Math.ceil(at / blockSize) * blockSize;
  for (const placed of inodes) {
    if (placed.isInline || placed.contentSize === 0) continue;
    placed.contentPosition = at;
    at += Math.ceil(placed.contentSize / blockSize) * blockSize;
  }
  if (at > largestImage) {
    throw new UnionfsError(
      'LAYER_REFUSED',
      `cannot make an image of the layer: with the holes of its sparse files it would have ${at} bytes, more than the 2 TiB that an image can have; unpack it with applyLayer, or commit it to a store that was opened with backend: 'directory'`,
    );
  }
  return { inodes, start, end: at };
}

/** With breaks for others: an index of many files takes a while. */
export async function writeIndex(file: ImageFile, { inodes, start }: ImageIndex, breaks = new Breaks()): Promise<void> {
  const writer = new IndexWriter(file, start);
  for (const placed of inodes) {
    writeInode(writer, placed);
    if (breaks.isDue) await breaks.take();
  }
  for (const placed of inodes) {
    if (!placed.isInline && placed.contentSize > 0) writeContent(writer, placed.contentPosition, placed);
    if (breaks.isDue) await breaks.take();
  }
  writer.flush();
}

/** Every inode once, those of one directory side by side; counts the names of each. */
function reached(root: ImageDirectory): Inode[] {
  const inodes: Inode[] = [root];
  root.links = 2;
  for (let next = 0; next < inodes.length; next++) {
    const directory = inodes[next];
    if (!(directory instanceof ImageDirectory)) continue;
    for (const child of directory.names.values()) {
      if (child instanceof ImageDirectory) {
        child.links = 2;
        directory.links += 1;
      } else {
        child.links += 1;
        if (child.links > 1) continue;
      }
      inodes.push(child);
    }
  }
  return inodes;
}
