/**
 * Whose the files of a layer become. A store for a user namespace holds them as they are seen from outside of it:
 * shifted, wherever an id stands. user_namespaces(7), section "User and group ID mappings"
 */
import { shown } from '../tar/tar-entry.ts';
import { UnionfsError } from '../unionfs-error.ts';
import type { Attributes } from './attributes.ts';

/** `count` ids of the layer from `inside` on become those from `outside` on. */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

export interface IdMaps {
  readonly uid: readonly IdRange[];
  readonly gid: readonly IdRange[];
}

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
  for (const name of ['uid', 'gid'] as const) validate(name, owner[name]);
  const rootId = find(owner.uid, 0) as number;
  return (entry) => {
    const mapped = (name: 'uid' | 'gid', id: number) => find(owner[name], id) ?? refuse(entry, name, id);
    return {
      ...entry,
      uid: mapped('uid', entry.uid),
      gid: mapped('gid', entry.gid),
      xattrs: shiftXattrs(entry.xattrs, mapped, rootId),
    };
  };
}

function find(ranges: readonly IdRange[], id: number): number | undefined {
  const range = ranges.find(({ inside, count }) => id >= inside && id < inside + count);
  return range === undefined ? undefined : range.outside + (id - range.inside);
}

type Mapped = (name: 'uid' | 'gid', id: number) => number;

function shiftXattrs(xattrs: Attributes['xattrs'], mapped: Mapped, rootId: number): Attributes['xattrs'] {
  if (xattrs.size === 0) return xattrs;
  const shifted = new Map(xattrs);
  for (const [name, value] of xattrs) {
    if (name === 'security.capability') shifted.set(name, shiftCapability(value, mapped, rootId));
    else if (name.startsWith('system.posix_acl_')) shifted.set(name, shiftAcl(value, mapped));
  }
  return shifted;
}

/**
 * Capabilities that count for everybody (version 2) become such that count where the shifted root is root (version 3).
 * capabilities(7), section "File capability extended attribute versioning"; struct vfs_ns_cap_data:
 *
 *     version, flags (4) | permitted, inheritable (4 each) | the same, upper half (8) | version 3: id of root (4)
 */
function shiftCapability(value: Buffer, mapped: Mapped, rootId: number): Buffer {
  const [VERSION_2, VERSION_3] = [0x02000000, 0x03000000];
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

/** acl(5), as the kernel takes it: `version (4) | tag (2), permissions (2), id (4) | …` */
function shiftAcl(value: Buffer, mapped: Mapped): Buffer {
  const [ACL_USER, ACL_GROUP] = [0x02, 0x08];
  const shifted = Buffer.from(value);
  for (let at = 4; at + 8 <= value.length; at += 8) {
    const tag = value.readUInt16LE(at);
    if (tag !== ACL_USER && tag !== ACL_GROUP) continue;
    shifted.writeUInt32LE(mapped(tag === ACL_USER ? 'uid' : 'gid', value.readUInt32LE(at + 4)), at + 4);
  }
  return shifted;
}

function refuse({ name = Buffer.from('.') }: { readonly name?: Buffer }, kind: 'uid' | 'gid', id: number): never {
  throw new UnionfsError(
    'LAYER_REFUSED',
    `cannot unpack ${shown(name)}: its ${kind} ${id} is in no range of the ids that owners are shifted by; add one`,
    { entry: name.toString() },
  );
}

function validate(name: 'uid' | 'gid', ranges: readonly IdRange[]): void {
  const wrong = ranges.find((range) => !isRange(range));
  const why =
    wrong !== undefined
      ? `has a range that is none: ${JSON.stringify(wrong)}`
      : isAmbiguous(ranges)
        ? 'has ranges that overlap'
        : find(ranges, 0) === undefined
          ? 'has no place for root, 0'
          : undefined;
  if (why === undefined) return;
  throw new UnionfsError('NAME_INVALID', `cannot shift owners: the ${name} map ${why}`);
}

/** The last id is nobody's. */
function isRange({ inside, outside, count }: IdRange): boolean {
  const whole = [inside, outside, count].every((id) => Number.isInteger(id) && id >= 0);
  return whole && count > 0 && inside + count <= 0xffff_ffff && outside + count <= 0xffff_ffff;
}

function isAmbiguous(ranges: readonly IdRange[]): boolean {
  return (['inside', 'outside'] as const).some((side) => {
    const sorted = ranges.toSorted((a, b) => a[side] - b[side]);
    return sorted.some((range, at) => at > 0 && range[side] < endOf(sorted[at - 1] as IdRange, side));
  });
}

function endOf(range: IdRange, side: 'inside' | 'outside'): number {
  return range[side] + range.count;
}
