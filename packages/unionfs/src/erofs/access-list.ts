/**
 * POSIX access control lists as the kernel takes and stores them. acl(5), include/uapi/linux/posix_acl_xattr.h
 *
 *     u32 version 2 | entry | entry | …        entry: u16 tag | u16 permissions | u32 id
 */

const tags = { userObject: 1, user: 2, groupObject: 4, group: 8, mask: 16, other: 32 } as const;

/** In this order, and those without an id once. */
const order: readonly number[] = Object.values(tags);

export interface AccessList {
  /** What the permission bits of the mode become. */
  readonly permissions: number;
  /** The list says no more than they do: the kernel keeps none then. */
  readonly isMode: boolean;
}

/** Undefined when the kernel would refuse the list; an empty one takes the list away. */
export function readAccessList(value: Buffer): AccessList | 'empty' | undefined {
  if (value.length < 4 || value.length % 8 !== 4 || value.readUInt32LE(0) !== 2) return undefined;
  if (value.length === 4) return 'empty';
  const permissions = new Map<number, number>();
  let last = -1;
  for (let at = 4; at < value.length; at += 8) {
    const tag = value.readUInt16LE(at);
    const granted = value.readUInt16LE(at + 2);
    const place = order.indexOf(tag);
    const repeats = tag === tags.user || tag === tags.group;
    if (place === -1 || granted > 7 || place < last || (place === last && !repeats)) return undefined;
    if (repeats && value.readUInt32LE(at + 4) === 0xffffffff) return undefined;
    permissions.set(tag, granted);
    last = place;
  }
  const [user, group, other] = [tags.userObject, tags.groupObject, tags.other].map((tag) => permissions.get(tag));
  const mask = permissions.get(tags.mask);
  const named = permissions.has(tags.user) || permissions.has(tags.group);
  if (user === undefined || group === undefined || other === undefined || (named && mask === undefined))
    return undefined;
  return { permissions: (user << 6) | ((mask ?? group) << 3) | other, isMode: !named && mask === undefined };
}
