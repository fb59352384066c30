/** The names under which flags are given and printed, and their values; the same on all architectures unless stated. */
import { platformArch } from './platform.ts';

export type FlagTable = Readonly<Record<string, number>>;

/** New namespaces, in the words of this project. clone(2), namespaces(7) */
export type CloneFlag = 'user' | 'pid' | 'mount' | 'network' | 'ipc' | 'uts' | 'cgroup' | 'time';
export const cloneFlags = {
  mount: 0x20000,
  cgroup: 0x2000000,
  uts: 0x4000000,
  ipc: 0x8000000,
  user: 0x10000000,
  pid: 0x20000000,
  network: 0x40000000,
  time: 0x80,
} as const satisfies Record<CloneFlag, number>;

/** mount(2) */
export type MountFlag =
  | 'bind'
  | 'rec'
  | 'private'
  | 'slave'
  | 'shared'
  | 'unbindable'
  | 'rdonly'
  | 'nosuid'
  | 'nodev'
  | 'noexec'
  | 'remount'
  | 'noatime'
  | 'relatime'
  | 'strictatime'
  | 'nosymfollow';
export const mountFlags = {
  rdonly: 1,
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  remount: 32,
  nosymfollow: 256,
  noatime: 1024,
  bind: 4096,
  rec: 16384,
  unbindable: 1 << 17,
  private: 1 << 18,
  slave: 1 << 19,
  shared: 1 << 20,
  relatime: 1 << 21,
  strictatime: 1 << 24,
} as const satisfies Record<MountFlag, number>;

/** Attributes of one mount, for fsmount(2) and mount_setattr(2). */
export type MountAttribute =
  | 'rdonly'
  | 'nosuid'
  | 'nodev'
  | 'noexec'
  | 'noatime'
  | 'strictatime'
  | 'nosymfollow'
  | 'idmap';
export const mountAttributes = {
  rdonly: 1,
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  noatime: 0x10,
  strictatime: 0x20,
  idmap: 0x100000,
  nosymfollow: 0x200000,
} as const satisfies Record<MountAttribute, number>;

/** umount2(2) */
export type UmountFlag = 'force' | 'detach' | 'nofollow';
export const umountFlags = { force: 1, detach: 2, nofollow: 8 } as const satisfies Record<UmountFlag, number>;

/** openat2(2) */
export type ResolveFlag = 'no-xdev' | 'no-magiclinks' | 'no-symlinks' | 'beneath' | 'in-root' | 'cached';
export const resolveFlags = {
  'no-xdev': 1,
  'no-magiclinks': 2,
  'no-symlinks': 4,
  beneath: 8,
  'in-root': 16,
  cached: 32,
} as const satisfies Record<ResolveFlag, number>;

// Four of them differ between x86 and arm64 (arch/arm64/include/uapi/asm/fcntl.h).
const arm = platformArch() === 'arm64';
/** open(2) */
export type OpenFlag =
  | 'rdonly'
  | 'wronly'
  | 'rdwr'
  | 'creat'
  | 'excl'
  | 'noctty'
  | 'trunc'
  | 'append'
  | 'nonblock'
  | 'directory'
  | 'nofollow'
  | 'cloexec'
  | 'path'
  | 'noatime';
export const openFlags: Readonly<Record<OpenFlag, number>> = {
  rdonly: 0,
  wronly: 1,
  rdwr: 2,
  creat: 0o100,
  excl: 0o200,
  noctty: 0o400,
  trunc: 0o1000,
  append: 0o2000,
  nonblock: 0o4000,
  directory: arm ? 0o40000 : 0o200000,
  nofollow: arm ? 0o100000 : 0o400000,
  noatime: 0o1000000,
  cloexec: 0o2000000,
  path: 0o10000000,
};

export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_REMOVEDIR = 0x200;
export const AT_EMPTY_PATH = 0x1000;
export const AT_RECURSIVE = 0x8000;

/** The sum of the named flags; throws a TypeError for a name that the table does not have. */
export function bits<Name extends string>(table: Readonly<Record<Name, number>>, names: readonly Name[] = []): number {
  let sum = 0;
  for (const name of names) {
    if (!Object.hasOwn(table, name))
      throw new TypeError(`no such flag: ${name} (one of ${Object.keys(table).join(', ')})`);
    sum |= table[name];
  }
  return sum >>> 0;
}
