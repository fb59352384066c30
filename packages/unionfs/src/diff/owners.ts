/** Owners as they are written into a layer: those that a container sees, not those of the machine that keeps the files. */
import type { Attributes } from '../layer/attributes.ts';
import { type IdMaps, translated } from '../layer/id-maps.ts';
import { type Mapped, VERSION_2, VERSION_3, withIds } from '../layer/ids-in-xattrs.ts';
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
  const mapped = (kind: 'uid' | 'gid', id: number) =>
    translated(owner[kind], id, 'outside', 'inside') ?? refuse(path, kind, id);
  return {
    uid: mapped('uid', uid),
    gid: mapped('gid', gid),
    xattrs: withIds(xattrs, mapped, (value) => capabilityInside(value, mapped)),
  };
}

function refuse(path: string, kind: 'uid' | 'gid', id: number): never {
  throw unsupported(path, `its ${kind} ${id} is in no range of the ids that owners were shifted by`);
}

/**
 * Capabilities that count where the shifted root is root (version 3) count for everybody inside (version 2).
 * capabilities(7), section "File capability extended attribute versioning"; layer/owners.ts has a drawing.
 */
function capabilityInside(value: Buffer, mapped: Mapped): Buffer {
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
