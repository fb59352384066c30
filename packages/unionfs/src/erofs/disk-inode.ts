/**
 * Inodes of EROFS in their long form, and what stands behind them. https://docs.kernel.org/filesystems/erofs.html
 *
 *      0 u16 format: long, and how content is stored    2 u16 words of extended attributes
 *      4 u16 mode     6 u16                             8 u64 size
 *     16 u32 block of the content, or device           20 u32 number for 32-bit systems
 *     24 u32 user    28 u32 group                      32 u64 seconds    40 u32 nanoseconds
 *     44 u32 links   48 16 bytes                       64 extended attributes, then content if it is inline
 *
 * The number of an inode is its place: 32 bytes for each one.
 */
import { writeDirectory } from './disk-directory.ts';
import { ImageDirectory } from './image-directory.ts';
import type { IndexWriter } from './index-writer.ts';
import type { Inode, InodeType } from './inode.ts';
import { writeXattrs, xattrsCount, xattrsSize } from './xattrs.ts';

export const blockSize = 512;
export const inodeSize = 64;
export const slotSize = 32;

/** An inode that has its place. */
export interface Placed {
  readonly inode: Inode;
  /** In bytes of the image. */
  readonly position: number;
  /** Of a directory: its names with `.` and `..`, in the order of their bytes. */
  readonly names: readonly string[] | undefined;
  /** Of directories and links. */
  readonly contentSize: number;
  /** Whether content follows at once: it must not reach into another block then. */
  readonly isInline: boolean;
  /** Where else it stands. */
  contentPosition: number;
}

/** File types in a mode. inode(7) */
const types: Readonly<Record<InodeType, number>> = {
  fifo: 0o010000,
  character: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
};

const long = 1;
const plain = 0 << 1;
const inline = 2 << 1;

/** Bytes of an inode with its extended attributes. */
export function headSize({ attributes }: Inode): number {
  return inodeSize + xattrsSize(attributes.xattrs);
}

export function writeInode(writer: IndexWriter, placed: Placed): void {
  const { inode, isInline, contentSize, position } = placed;
  const { mode, uid, gid, mtime, xattrs } = inode.attributes;
  const xattrBytes = xattrsSize(xattrs);
  const at = writer.room(position, inodeSize + xattrBytes);
  const { bytes } = writer;
  bytes.writeUInt16LE(long | (isInline ? inline : plain), at);
  bytes.writeUInt16LE(xattrsCount(xattrBytes), at + 2);
  bytes.writeUInt16LE(types[inode.type] | mode, at + 4);
  writeLong(bytes, inode.type === 'directory' ? contentSize : inode.size, at + 8);
  bytes.writeUInt32LE(whereabouts(placed), at + 16);
  bytes.writeUInt32LE(inode.number % 2 ** 32, at + 20);
  bytes.writeUInt32LE(uid, at + 24);
  bytes.writeUInt32LE(gid, at + 28);
  writeLong(bytes, mtime.seconds, at + 32);
  bytes.writeUInt32LE(mtime.nanoseconds, at + 40);
  bytes.writeUInt32LE(inode.links, at + 44);
  if (xattrBytes > 0) writeXattrs(bytes, at + inodeSize, xattrs);
  if (isInline) writeContent(writer, position + inodeSize + xattrBytes, placed);
}

/** The content of a directory or a link. */
export function writeContent(writer: IndexWriter, position: number, { inode, names }: Placed): void {
  if (inode instanceof ImageDirectory) writeDirectory(writer, position, inode, names ?? []);
  else inode.target?.copy(writer.bytes, writer.room(position, inode.target.length));
}

/** 64 bits, also of numbers before 0. */
export function writeLong(bytes: Buffer, value: number, at: number): void {
  const high = Math.floor(value / 2 ** 32);
  bytes.writeUInt32LE(value - high * 2 ** 32, at);
  bytes.writeInt32LE(high, at + 4);
}

function whereabouts({ inode, isInline, contentPosition }: Placed): number {
  if (inode.type === 'character' || inode.type === 'block') return inode.device;
  if (inode.type === 'file') return inode.position / blockSize;
  return isInline ? 0 : contentPosition / blockSize;
}
