/**
 * Whose the files of a layer become. A store for a user namespace holds them as they are seen from outside of it:
 * shifted, wherever an id stands. user_namespaces(7), section "User and group ID mappings"
 */
import { shown } from '../tar/tar-entry.ts';
import { UnionfsError } from '../unionfs-error.ts';
import type { Attributes } from './attributes.ts';
import { checkMaps, type IdMaps, translated } from './id-maps.ts';
import { type Mapped, VERSION_2, VERSION_3, withIds } from './ids-in-xattrs.ts';

export type { IdMaps, IdRange } from './id-maps.ts';

/** `keep` those of the layer, give everything to the user who unpacks (`self`), or shift them. */
export type Owner = 'keep' | 'self' | IdMaps;

export type Shift = <T extends Attributes & { readonly name?: Buffer }>(entry: T) => T;

const nobodyShifts: Shift = (entry) => entry;

/**
 * What makes of an entry the one that is written. Access lists and file capabilities name ids too. Throws NAME_INVALID
 * for maps that are none, or lack root, to whom belongs what no entry describes; the result throws LAYER_REFUSED at an id
 * that has no place in them.
 */
export function shiftOf(owner: Owner): Shift {
  if (typeof owner === 'string') return nobodyShifts;
  checkMaps(owner);
  const rootId = outside(owner.uid, 0) as number;
  return (entry) => {
    const mapped = (name: 'uid' | 'gid', id: number) => outside(owner[name], id) ?? refuse(entry, name, id);
    return {
      ...entry,
      uid: mapped('uid', entry.uid),
      gid: mapped('gid', entry.gid),
      xattrs: withIds(entry.xattrs, mapped, (value) => shiftCapability(value, mapped, rootId)),
    };
  };
}

function outside(ranges: IdMaps['uid'], id: number): number | undefined {
  return translated(ranges, id, 'inside', 'outside');
}

/**
 * Capabilities that count for everybody (version 2) become such that count where the shifted root is root (version 3).
 * capabilities(7), section "File capability extended attribute versioning"; struct vfs_ns_cap_data:
 *
 *     version, flags (4) | permitted, inheritable (4 each) | the same, upper half (8) | version 3: id of root (4)
 */
function shiftCapability(value: Buffer, mapped: Mapped, rootId: number): Buffer {
  const version = value.length >= 4 ? value.readUInt32LE(0) & 0xff000000 : 0;
  const known = (version === VERSION_2 && value.length === 20) || (version === VERSION_3 && value.length === 24);
  // The kernel refuses what it does not know.
  if (!known) return value;
  const shifted = Buffer.alloc(24);
  value.copy(shifted);
  shifted.writeUInt32LE((VERSION_3 | (value.readUInt32LE(0) & 0xffffff)) >>> 0, 0);
  shifted.writeUInt32LE(version === VERSION_2 ? rootId : mapped('uid', value.readUInt32LE(20)), 20);
  return shifted;
}

function refuse({ name = Buffer.from('.') }: { readonly name?: Buffer }, kind: 'uid' | 'gid', id: number): never {
  throw new UnionfsError(
    'LAYER_REFUSED',
    `cannot unpack ${shown(name)}: its ${kind} ${id} is in no range of the ids that owners are shifted by; add one`,
    { entry: name.toString() },
  );
}
