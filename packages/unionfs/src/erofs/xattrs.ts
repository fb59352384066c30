/**
 * Extended attributes, behind an inode. https://docs.kernel.org/filesystems/erofs.html
 *
 *     u32 name filter, unused | u8 shared attributes: 0 | 7 bytes | entry | entry | …
 *
 *     entry: u8 bytes of name | u8 prefix | u16 bytes of value | name without prefix | value | up to a multiple of 4
 */
import type { Attributes } from '../layer/attributes.ts';
import { isOfContent, isOfOverlay } from '../layer/extended-attributes.ts';
import { readAccessList } from './access-list.ts';
import type { InodeAttributes, InodeType } from './inode.ts';

export interface Xattr {
  readonly prefix: number;
  /** Without the prefix, in latin1. */
  readonly name: string;
  readonly value: Buffer;
}

const user = 1;
const accessList = 2;
const defaultList = 3;
const trusted = 4;
const security = 6;

/** How overlayfs is told that nothing of the layers below shows in a directory. */
export const opaqueMark: Xattr = { prefix: trusted, name: 'overlay.opaque', value: Buffer.from('y') };

const headerSize = 12;
const longestName = 255;
const longestValue = 0xffff;
/** Their length is counted in words, in 16 bits. */
const mostBytes = headerSize + 0xfffe * 4;

/** Attributes as the kernel would set them on a file of that type; `onSkipped` is told of what no file system here has. */
export function checkedAttributes(
  type: InodeType,
  { mode, uid, gid, mtime, xattrs }: Attributes,
  onSkipped: (what: string) => void = () => {},
): InodeAttributes {
  if (xattrs.size === 0) return { mode, uid, gid, mtime, xattrs: none };
  const kept: Xattr[] = [];
  let permissions = mode;
  for (const [name, value] of xattrs) {
    const [prefix, rest] = split(name);
    const isList = prefix === accessList || prefix === defaultList;
    const isContent = type === 'file' || type === 'directory';
    if (
      prefix === undefined ||
      isOfOverlay(name) ||
      // A label of another machine, which no file system takes.
      name === 'security.' ||
      (isOfContent(name) && !isContent)
    ) {
      onSkipped(`extended attribute ${name}`);
      continue;
    }
    if (name.length > longestName) throw impossible(name, 'its name is longer than 255 bytes');
    if (value.length > longestValue) throw impossible(name, `its value has ${value.length} bytes, the most is 65535`);
    if (isList) {
      const list = readAccessList(value);
      if (list === undefined) throw impossible(name, 'its value is no access control list');
      if (type === 'symlink') {
        onSkipped(`extended attribute ${name}`);
        continue;
      }
      if (prefix === defaultList && type !== 'directory') throw impossible(name, 'only directories can have it');
      if (list === 'empty') continue;
      if (prefix === accessList) permissions = (permissions & 0o7000) | list.permissions;
      if (prefix === accessList && list.isMode) continue;
    } else {
      refuseNamed(name, rest, value);
    }
    kept.push({ prefix, name: rest, value });
  }
  if (xattrsSize(kept) > mostBytes) throw impossible('all', `together they have more than ${mostBytes} bytes`);
  return { mode: permissions, uid, gid, mtime, xattrs: kept };
}

/** Bytes that they take behind an inode. */
export function xattrsSize(xattrs: readonly Xattr[]): number {
  if (xattrs.length === 0) return 0;
  let size = headerSize;
  for (const { name, value } of xattrs) size += padded(4 + name.length + value.length);
  return size;
}

/** As an inode counts them: the header is one. */
export function xattrsCount(size: number): number {
  return size === 0 ? 0 : (size - headerSize) / 4 + 1;
}

export function writeXattrs(bytes: Buffer, from: number, xattrs: readonly Xattr[]): void {
  let at = from + headerSize;
  for (const { prefix, name, value } of xattrs) {
    bytes[at] = name.length;
    bytes[at + 1] = prefix;
    bytes.writeUInt16LE(value.length, at + 2);
    bytes.write(name, at + 4, 'latin1');
    value.copy(bytes, at + 4 + name.length);
    at += padded(4 + name.length + value.length);
  }
}

const none: readonly Xattr[] = [];

function split(name: string): [number, string] | [undefined] {
  if (name === 'system.posix_acl_access') return [accessList, ''];
  if (name === 'system.posix_acl_default') return [defaultList, ''];
  if (name.startsWith('user.')) return [user, name.slice(5)];
  if (name.startsWith('trusted.')) return [trusted, name.slice(8)];
  if (name.startsWith('security.')) return [security, name.slice(9)];
  return [undefined];
}

/** What the kernel refuses to set. xattr(7), capabilities(7) */
function refuseNamed(name: string, rest: string, value: Buffer): void {
  if (rest === '') throw impossible(name, 'it has no name');
  if (name === 'security.capability' && !isCapability(value)) throw impossible(name, 'its value is no capability set');
}

/** Of the second version, or the third, which belongs to a user namespace. include/uapi/linux/capability.h */
function isCapability(value: Buffer): boolean {
  const version = value.length < 4 ? 0 : value.readUInt32LE(0) >>> 24;
  return (version === 2 && value.length === 20) || (version === 3 && value.length === 24);
}

function padded(size: number): number {
  return Math.ceil(size / 4) * 4;
}

function impossible(name: string, why: string): Error {
  return Object.assign(new Error(`extended attribute ${name}: ${why}`), { code: 'EINVAL' });
}
