import { fsconfig, type MountAttribute, type Step } from '@estiba/syscalls';
import { attach, type DetachedMount, detached } from './detached-mount.ts';

export interface TmpfsOptions {
  /** Bytes, or as tmpfs takes it: with `k`, `m`, `g`, or `%` of the memory; half of the memory when left out. */
  readonly size?: string | number;
  /** How many files it may hold; as many as half of the memory has pages when left out. */
  readonly inodes?: number;
  /** Permissions of its root; 1777 when left out. */
  readonly mode?: number;
  /** Owner of its root, in numbers of the user namespace that mounts it; who mounts it when left out. */
  readonly uid?: number;
  readonly gid?: number;
  /** Huge pages, where the kernel was built with them. */
  readonly huge?: 'never' | 'always' | 'within_size' | 'advise';
  readonly attributes?: readonly MountAttribute[];
}

/** A file system in memory, empty. https://docs.kernel.org/filesystems/tmpfs.html */
export function tmpfs(target: string, options: TmpfsOptions = {}): Step[] {
  return attach('tmpfs', tmpfsTree(options), target);
}

/** One that is nowhere yet. */
export function tmpfsTree(options: TmpfsOptions = {}): DetachedMount {
  const { size, inodes, mode = 0o1777, uid, gid, huge, attributes = ['nosuid', 'nodev'] } = options;
  const settings = { source: 'tmpfs', mode: mode.toString(8), size, nr_inodes: inodes, uid, gid, huge };
  return detached('tmpfs', attributes, (context) =>
    Object.entries(settings).flatMap(([key, value]) =>
      value === undefined ? [] : [fsconfig(context, key, String(value))],
    ),
  );
}
