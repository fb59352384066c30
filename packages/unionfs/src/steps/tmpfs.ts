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
  /** As tmpfs takes it: bytes, or with `k`, `m`, `g`, or `%` of the memory; half of the memory when left out. */
  readonly size?: string;
  /** Permissions of its root. */
  readonly mode?: number;
  readonly attributes?: readonly MountAttribute[];
}

/** A file system in memory, empty. https://docs.kernel.org/filesystems/tmpfs.html */
export function tmpfs(target: string, options: TmpfsOptions = {}): Step[] {
  const { steps, tree } = tmpfsTree(options);
  return [label(`mount tmpfs on ${target}`, [...steps, ...directoryFor(target), moveMount(tree, target)])];
}

/** One that is nowhere yet. */
export function tmpfsTree(options: TmpfsOptions = {}): DetachedMount {
  const { size, mode = 0o1777, attributes = ['nosuid', 'nodev'] } = options;
  const context = fsopen('tmpfs');
  const tree = fsmount(context, attributes);
  const settings = [
    fsconfig(context, 'source', 'tmpfs'),
    fsconfig(context, 'mode', mode.toString(8)),
    ...(size === undefined ? [] : [fsconfig(context, 'size', size)]),
  ];
  return { steps: [context, ...settings, fscreate(context), tree], tree };
}
