import {
  fsconfig,
  fscreate,
  fsmount,
  fsopen,
  label,
  type MountAttribute,
  moveMount,
  type Step,
} from '@estiba/syscalls';
import { directoryFor } from './mount-point.ts';
import type { DetachedMount } from './overlay.ts';

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
  const { steps, tree } = tmpfsTree(options);
  return [label(`mount tmpfs on ${target}`, [...steps, ...directoryFor(target), moveMount(tree, target)])];
}

/** One that is nowhere yet. */
export function tmpfsTree(options: TmpfsOptions = {}): DetachedMount {
  const { size, inodes, mode = 0o1777, uid, gid, huge, attributes = ['nosuid', 'nodev'] } = options;
  const context = fsopen('tmpfs');
  const tree = fsmount(context, attributes);
  const settings = { source: 'tmpfs', mode: mode.toString(8), size, nr_inodes: inodes, uid, gid, huge };
  const steps = Object.entries(settings).flatMap(([key, value]) =>
    value === undefined ? [] : [fsconfig(context, key, String(value))],
  );
  return { steps: [context, ...steps, fscreate(context), tree], tree };
}
