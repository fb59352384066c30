/**
 * The beginning of an image: what it is made of, told by us, and the superblock that makes it a file system.
 * https://docs.kernel.org/filesystems/erofs.html, section "On-disk layout"
 *
 *        0 "estiba layer 1" | 16 u64 bytes of the archive | 24 its digest as text | zeros
 *     1024 u32 magic | u32 | u32 features | 12 u8 bits of a block | 14 u16 root | 16 u64 inodes
 *            24 u64 time | 32 u32 | 36 u32 blocks | 40 u32 block of inode 0 | 44 u32 | 48 identity | 64 name | 80 …
 *     4096 the archive | contents that are not in it in one piece | inodes and directories
 *
 * It is written last: an image that was not completed has none.
 */
import { createHash } from 'node:crypto';
import { UnionfsError } from '../unionfs-error.ts';
import { blockSize, writeLong } from './disk-inode.ts';
import type { ImageIndex } from './image-index.ts';

/** Where the archive begins. */
export const archiveStart = 4096;

export interface ImageOrigin {
  /** Digest of the uncompressed tar. */
  readonly diffId: string;
  /** Bytes of the uncompressed tar. */
  readonly size: number;
}

/** What an image of ours begins with. */
export const mark = Buffer.from('estiba layer 1\0\0', 'latin1');
const superblock = 1024;
const superblockSize = 128;
const magic = 0xe0f5e1e2;
/**
 * The times of inodes are those of changes to their content. No checksum: erofs-utils before 1.9 crash at that of an image
 * with blocks of 512 bytes.
 */
const features = 2;

export function imageHeader({ diffId, size }: ImageOrigin, { inodes, start, end }: ImageIndex): Buffer {
  const bytes = Buffer.alloc(archiveStart);
  mark.copy(bytes);
  writeLong(bytes, size, 16);
  bytes.write(diffId, 24, 'latin1');
  const at = superblock;
  bytes.writeUInt32LE(magic, at);
  bytes.writeUInt32LE(features, at + 8);
  bytes[at + 12] = Math.log2(blockSize);
  bytes.writeUInt16LE(inodes[0]?.inode.number ?? 0, at + 14);
  writeLong(bytes, inodes.length, at + 16);
  bytes.writeUInt32LE(end / blockSize, at + 36);
  bytes.writeUInt32LE(start / blockSize, at + 40);
  // The same layer is the same image, byte for byte; overlayfs wants layers to differ in this.
  createHash('sha256')
    .update(diffId)
    .digest()
    .copy(bytes, at + 48, 0, 16);
  return bytes;
}

/** Throws a UnionfsError for what is no complete image of ours. */
export function readImageHeader(bytes: Buffer, path: string): ImageOrigin {
  if (bytes.length < superblock + superblockSize || bytes.readUInt32LE(superblock) !== magic) {
    throw new UnionfsError(
      'LAYER_INVALID',
      `cannot read ${path}: it is no image of a layer, or one that was not completed`,
    );
  }
  if (!bytes.subarray(0, mark.length).equals(mark)) {
    throw new UnionfsError('LAYER_INVALID', `cannot read ${path}: it is an image that somebody else made`);
  }
  const end = bytes.indexOf(0, 24);
  return { diffId: bytes.toString('latin1', 24, end), size: bytes.readUInt32LE(16) + bytes.readUInt32LE(20) * 2 ** 32 };
}
