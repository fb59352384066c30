/** Owners as they are written into a layer: those that a container sees, not those of the machine that keeps the files. */
import type { Attributes } from '../layer/attributes.ts';
import type { IdMaps, IdRange } from '../layer/owners.ts';
import { unsupported } from './unreadable.ts';

/**
 * `keep` the owners as they are; `root`: everything belongs to root; or the maps that the tree was unpacked with, which are
 * applied backwards.
 */
export type PackedOwner = 'keep' | 'root' | IdMaps;

type Owned = Pick<Attributes, 'uid' | 'gid' | 'xattrs'>;

/** Access lists and file capabilities name ids too. Throws TREE_UNSUPPORTED at an id that has no place in the maps. */
export function ownedInside(path: string, { uid, gid, xattrs }: Owned, owner: PackedOwner): Owned {
  if (owner === 'keep') return { uid, gid, xattrs };
  if (owner === 'root') return { uid: 0, gid: 0, xattrs };
  const mapped = (kind: 'uid' | 'gid', id: number) => find(owner[kind], id) ?? refuse(path, kind, id);
  return { uid: mapped('uid', uid), gid: mapped('gid', gid), xattrs: xattrsInside(xattrs, mapped) };
}

type Mapped = (kind: 'uid' | 'gid', id: number) => number;

function find(ranges: readonly IdRange[], id: number): number | undefined {
  const range = ranges.find(({ outside, count }) => id >= outside && id < outside + count);
  return range === undefined ? undefined : range.inside + (id - range.outside);
}

function refuse(path: string, kind: 'uid' | 'gid', id: number): never {
  throw unsupported(path, `its ${kind} ${id} is in no range of the ids that owners were shifted by`);
}

function xattrsInside(xattrs: Attributes['xattrs'], mapped: Mapped): Attributes['xattrs'] {
  if (xattrs.size === 0) return xattrs;
  const inside = new Map(xattrs);
  for (const [name, value] of xattrs) {
    if (name === 'security.capability') inside.set(name, capabilityInside(value, mapped));
    else if (name.startsWith('system.posix_acl_')) inside.set(name, aclInside(value, mapped));
  }
  return inside;
}

/**
 * Capabilities that count where the shifted root is root (version 3) count for everybody inside (version 2).
 * capabilities(7), section "File capability extended attribute versioning"; layer/owners.ts has a drawing.
 */
function capabilityInside(value: Buffer, mapped: Mapped): Buffer {
  const [VERSION_2, VERSION_3] = [0x02000000, 0x03000000];
  const head = value.length === 24 ? value.readUInt32LE(0) : 0;
  if ((head & 0xff000000) >>> 0 !== VERSION_3) return value;
  const root = mapped('uid', value.readUInt32LE(20));
  const inside = Buffer.from(value);
  if (root !== 0) {
    inside.writeUInt32LE(root, 20);
    return inside;
  }
  inside.writeUInt32LE(VERSION_2 | (head & 0xffffff), 0);
  return inside.subarray(0, 20);
}

/** acl(5), as the kernel gives it: `version (4) | tag (2), permissions (2), id (4) | …` */
function aclInside(value: Buffer, mapped: Mapped): Buffer {
  const [ACL_USER, ACL_GROUP] = [0x02, 0x08];
  const inside = Buffer.from(value);
  for (let at = 4; at + 8 <= value.length; at += 8) {
    const tag = value.readUInt16LE(at);
    if (tag !== ACL_USER && tag !== ACL_GROUP) continue;
    inside.writeUInt32LE(mapped(tag === ACL_USER ? 'uid' : 'gid', value.readUInt32LE(at + 4)), at + 4);
  }
  return inside;
}
