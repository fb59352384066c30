/** Ids that extended attributes name: those of access lists, and of file capabilities. */
import type { Xattrs } from './extended-attributes.ts';

export type Mapped = (kind: 'uid' | 'gid', id: number) => number;

export function withIds(xattrs: Xattrs, mapped: Mapped, capability: (value: Buffer) => Buffer): Xattrs {
  if (xattrs.size === 0) return xattrs;
  const changed = new Map(xattrs);
  for (const [name, value] of xattrs) {
    if (name === 'security.capability') changed.set(name, capability(value));
    else if (name.startsWith('system.posix_acl_')) changed.set(name, accessList(value, mapped));
  }
  return changed;
}

/** Capabilities that count for everybody, and those that count where one id is root, which is at the end. */
export const VERSION_2 = 0x02000000;
export const VERSION_3 = 0x03000000;

/** acl(5), as the kernel takes it: `version (4) | tag (2), permissions (2), id (4) | …` */
function accessList(value: Buffer, mapped: Mapped): Buffer {
  const [ACL_USER, ACL_GROUP] = [0x02, 0x08];
  const changed = Buffer.from(value);
  for (let at = 4; at + 8 <= value.length; at += 8) {
    const tag = value.readUInt16LE(at);
    if (tag !== ACL_USER && tag !== ACL_GROUP) continue;
    changed.writeUInt32LE(mapped(tag === ACL_USER ? 'uid' : 'gid', value.readUInt32LE(at + 4)), at + 4);
  }
  return changed;
}
