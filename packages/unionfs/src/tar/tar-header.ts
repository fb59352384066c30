/** A header block, in one of four dialects that differ behind the first 345 bytes. tar(5) */
import { UnionfsError } from '../unionfs-error.ts';
import { GnuSparseMap } from './gnu-sparse-map.ts';
import { blockSize, checksumOf, layout } from './header-layout.ts';
import { shown } from './tar-entry.ts';
import { number, text } from './tar-field.ts';

export interface TarHeader {
  /** The type flag as a character; the NUL of old archives is `0`. */
  readonly flag: string;
  readonly name: Buffer;
  readonly link: Buffer;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly major: number;
  readonly minor: number;
  /** Of a file of the type flag S. */
  readonly sparse: GnuSparseMap | undefined;
}

/** What is missing to whole blocks. */
export function padding(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}

export function isZero(block: Buffer): boolean {
  return block[0] === 0 && block.equals(zero);
}

/** Reads a header; throws a UnionfsError when the checksum or a number is wrong. */
export function readHeader(block: Buffer): TarHeader {
  verifyChecksum(block);
  const magic = block.toString('latin1', layout.magic.at, layout.magic.at + layout.magic.length);
  const posix = magic === 'ustar\0';
  const tagged = posix || magic === 'ustar ';
  const name = text(block, layout.name);
  const prefix = posix ? text(block, { ...layout.prefix, length: prefixLength(block) }) : empty;
  const flag = String.fromCharCode(block[layout.flag.at] || 0x30);
  if (flag === 'S' && magic !== 'ustar ') throw refusedSparse(name);
  return {
    flag,
    // Subarrays would follow the input chunk, whose memory belongs to somebody else soon.
    name: prefix.length > 0 ? Buffer.concat([prefix, slash, name]) : Buffer.from(name),
    link: Buffer.from(text(block, layout.link)),
    size: number(block, layout.size, 'size'),
    mode: number(block, layout.mode, 'mode') & 0o7777,
    uid: number(block, layout.uid, 'user id'),
    gid: number(block, layout.gid, 'group id'),
    mtime: number(block, layout.mtime, 'time'),
    major: tagged ? number(block, layout.major, 'device number') : 0,
    minor: tagged ? number(block, layout.minor, 'device number') : 0,
    sparse: flag === 'S' ? new GnuSparseMap(block, Buffer.from(name)) : undefined,
  };
}

const zero = Buffer.alloc(blockSize);
const empty = Buffer.alloc(0);
const slash = Buffer.from('/');

/** star uses the end of the prefix field for times, and says so in the last four bytes. */
function prefixLength(block: Buffer): number {
  return block.toString('latin1', 508, 512) === 'tar\0' ? 131 : layout.prefix.length;
}

/** Some old writers summed signed bytes. */
function verifyChecksum(block: Buffer): void {
  const stated = number(block, layout.checksum, 'checksum');
  const sum = checksumOf(block);
  if (stated === sum || stated === signed(sum, block)) return;
  throw new UnionfsError(
    'LAYER_INVALID',
    `cannot read a tar header: its checksum is ${stated}, its bytes sum up to ${sum}; is it a tar archive?`,
  );
}

function signed(sum: number, block: Buffer): number {
  const { at: from, length } = layout.checksum;
  const high = block.filter((byte, at) => byte > 127 && (at < from || at >= from + length)).length;
  return sum - 256 * high;
}

/** star has the same flag for another map. */
function refusedSparse(name: Buffer): UnionfsError {
  return new UnionfsError(
    'LAYER_INVALID',
    `cannot unpack ${shown(name)}: it is a sparse file in a format that is not GNU's, which is not supported`,
    { entry: name.toString() },
  );
}
