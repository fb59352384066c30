/** What a tree has under a name, and what an archive would say about it. */
import { type BigIntStats, readlinkSync, type Stats } from 'node:fs';
import type { Attributes } from '../layer/attributes.ts';
import { isOfOverlay } from '../layer/extended-attributes.ts';
import type { TarEntryType } from '../tar/tar-entry.ts';
import type { Folder } from './folder.ts';
import { unreadable } from './unreadable.ts';
import { xattrsAt } from './xattrs.ts';

export interface Item extends Attributes {
  readonly folder: Folder;
  /** In the folder; `.` is the folder itself. */
  readonly name: string;
  /** From the root of the tree, in latin1. */
  readonly path: string;
  readonly type: Exclude<TarEntryType, 'hardlink'> | 'socket';
  readonly size: number;
  readonly link: Buffer;
  readonly major: number;
  readonly minor: number;
  /** The same for all names of one file. */
  readonly inode: string;
  readonly names: number;
  /** Bytes that it takes on disk. */
  readonly allocated: number;
  /** All that the kernel lists, marks of overlayfs included; `xattrs` are those that a layer carries. */
  readonly allXattrs: ReadonlyMap<string, Buffer>;
}

export function itemOf(folder: Folder, name: string, stats: BigIntStats): Item {
  const path = name === '.' ? folder.path : folder.pathOf(name);
  try {
    const type = typeOf(stats);
    const place = folder.place(name);
    const isDevice = type === 'character' || type === 'block';
    const allXattrs = xattrsAt(place);
    return {
      folder,
      name,
      path,
      type,
      mode: Number(stats.mode & 0o7777n),
      uid: Number(stats.uid),
      gid: Number(stats.gid),
      size: type === 'file' ? Number(stats.size) : 0,
      mtime: timeFrom(stats.mtimeNs),
      link: type === 'symlink' ? readlinkSync(place, { encoding: 'buffer' }) : nothing,
      ...deviceOf(isDevice ? stats.rdev : 0n),
      inode: `${stats.dev}:${stats.ino}`,
      names: type === 'directory' ? 1 : Number(stats.nlink),
      allocated: Number(stats.blocks) * 512,
      allXattrs,
      xattrs: carried(allXattrs),
    };
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Labels of security modules, signatures, and marks of overlayfs mean something on this machine only. */
export function carried(xattrs: ReadonlyMap<string, Buffer>): ReadonlyMap<string, Buffer> {
  if (xattrs.size === 0) return xattrs;
  return new Map([...xattrs].filter(([name]) => isCarried(name)));
}

function isCarried(name: string): boolean {
  if (name.startsWith('user.') || name.startsWith('trusted.')) return !isOfOverlay(name);
  return name === 'security.capability' || name.startsWith('system.posix_acl_');
}

export function typeOf(stats: BigIntStats | Stats): Item['type'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isCharacterDevice()) return 'character';
  if (stats.isBlockDevice()) return 'block';
  return stats.isFIFO() ? 'fifo' : 'socket';
}

/** As the C library takes a device number apart. makedev(3) */
export function deviceOf(number: bigint): { major: number; minor: number } {
  return {
    major: Number(((number >> 8n) & 0xfffn) | ((number >> 32n) & ~0xfffn)),
    minor: Number((number & 0xffn) | ((number >> 12n) & 0xffffff00n)),
  };
}

const nothing = Buffer.alloc(0);

function timeFrom(time: bigint): Attributes['mtime'] {
  const second = 1_000_000_000n;
  const nanoseconds = ((time % second) + second) % second;
  return { seconds: Number((time - nanoseconds) / second), nanoseconds: Number(nanoseconds) };
}
