/** Owner, mode, extended attributes and times, in the order in which the kernel lets them stand. */
import {
  chmodSync,
  chownSync,
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  futimesSync,
  lchownSync,
  lutimesSync,
} from 'node:fs';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, type Call, perform, syscall, words } from '@estiba/syscalls';
import type { TarTime } from '../tar/tar-entry.ts';
import { openBeneath, terminated } from './beneath.ts';
import { isOfContent, setXattrs, type XattrOptions, type Xattrs } from './extended-attributes.ts';

export interface Attributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: TarTime;
  readonly xattrs: Xattrs;
}

export type AttributeOptions = XattrOptions;

/** The part of an entry that is kept when all else of it has been done: names of a million directories take room. */
export function attributesIn({ mode, uid, gid, mtime, xattrs }: Attributes): Attributes {
  return { mode, uid, gid, mtime, xattrs };
}

/**
 * Of an open file or directory, except its times. Changing the owner clears set-id bits and file capabilities, so the
 * mode follows the owner; the mode may take away the right to write attributes, and changes access lists, so that of the
 * attributes some precede it and some follow. chown(2), capabilities(7), acl(5)
 */
export function setAttributes(fd: number, attributes: Attributes, options: AttributeOptions): void {
  const { mode, uid, gid, xattrs } = attributes;
  const set = (name: Buffer, value: Buffer) => syscall('fsetxattr', fd, name, value, value.length, 0);
  if (options.owner === 'keep') fchownSync(fd, uid, gid);
  setXattrs(xattrs, 'early', set, options);
  fchmodSync(fd, mode);
  setXattrs(xattrs, 'late', set, options);
}

/** Of a symbolic link, which has no mode; the path ends in the link itself. */
export function setLinkAttributes(path: Buffer, attributes: Attributes, options: AttributeOptions): void {
  if (options.owner === 'keep') lchownSync(path, attributes.uid, attributes.gid);
  const link = terminated(path.toString('latin1'));
  const set = (name: Buffer, value: Buffer) => syscall('lsetxattr', link, name, value, value.length, 0);
  const xattrs = withoutContent(attributes.xattrs, options);
  setXattrs(xattrs, 'early', set, options);
  setXattrs(xattrs, 'late', set, options);
  const { seconds, nanoseconds } = attributes.mtime;
  if (fitsNode(attributes.mtime)) lutimesSync(path, seconds, seconds);
  else perform([syscall('utimensat', AT_FDCWD, link, times(seconds, nanoseconds), AT_SYMLINK_NOFOLLOW)]);
}

/** Of a device or FIFO, which must not be opened for that: through a descriptor that only stands for it. open(2), O_PATH */
export function setNodeAttributes(
  directory: number,
  name: string,
  attributes: Attributes,
  options: AttributeOptions,
): void {
  const fd = openBeneath(directory, name, ['path']);
  if (typeof fd === 'string') throw new Error(`${fd}: it is gone`);
  try {
    const path = `/proc/self/fd/${fd}`;
    const set = (key: Buffer, value: Buffer) => syscall('setxattr', path, key, value, value.length, 0);
    const xattrs = withoutContent(attributes.xattrs, options);
    if (options.owner === 'keep') chownSync(path, attributes.uid, attributes.gid);
    setXattrs(xattrs, 'early', set, options);
    chmodSync(path, attributes.mode);
    setXattrs(xattrs, 'late', set, options);
    const { seconds, nanoseconds } = attributes.mtime;
    perform([syscall('utimensat', AT_FDCWD, path, times(seconds, nanoseconds), 0)]);
  } finally {
    closeSync(fd);
  }
}

/** When an open file was changed, as an archive says it. */
export function timeOf(fd: number): TarTime {
  const { mtimeNs } = fstatSync(fd, { bigint: true });
  const nanoseconds = ((mtimeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return { seconds: Number((mtimeNs - nanoseconds) / 1_000_000_000n), nanoseconds: Number(nanoseconds) };
}

/** The last thing to happen to a file or directory. */
export function setTimes(fd: number, mtime: TarTime): void {
  if (fitsNode(mtime)) futimesSync(fd, mtime.seconds, mtime.seconds);
  else perform([timesCall(fd, mtime)]);
}

export function timesCall(fd: number, { seconds, nanoseconds }: TarTime): Call {
  return syscall('utimensat', fd, undefined, times(seconds, nanoseconds), 0);
}

/** Node takes times as floating-point seconds, which have no room for nanoseconds, and takes negative ones for now. */
export function fitsNode({ seconds, nanoseconds }: TarTime): boolean {
  return nanoseconds === 0 && seconds >= 0;
}

function times(seconds: number, nanoseconds: number) {
  return words(seconds, nanoseconds, seconds, nanoseconds);
}

function withoutContent(xattrs: Xattrs, { onSkipped }: AttributeOptions): Xattrs {
  const names = [...xattrs.keys()].filter(isOfContent);
  if (names.length === 0) return xattrs;
  for (const name of names) onSkipped(`extended attribute ${name}`);
  return new Map([...xattrs].filter(([name]) => !isOfContent(name)));
}
