/** The container's root file system: from a mount that is nowhere yet to the whole tree that the process sees. */
import {
  type Arg,
  type Call,
  chdir,
  fchdir,
  label,
  mountSetattr,
  moveMount,
  type Step,
  syscall,
  umount,
} from '@estiba/syscalls';
import type { Trees } from './filesystems.ts';

/**
 * Attach the tree on top of our own root, for want of a place that is sure to exist and to be nobody's: in a private
 * mount namespace nothing is hidden from anyone, as whoever holds the old root goes on seeing it.
 */
export function attachRoot(tree: Exclude<Arg, string>): Step[] {
  return [label('attach the root file system', [moveMount(tree as Call, '/')])];
}

/** With everything that is mounted below it, but not the kernel's own file systems, as Docker does. */
export function lockRoot(tree: Exclude<Arg, string>, trees: Pick<Trees, 'proc' | 'dev'>): Step[] {
  return [
    label('make the root file system read-only', [
      mountSetattr(tree as Call, { set: ['rdonly'], recursive: true }),
      mountSetattr(trees.proc, { clear: ['rdonly'] }),
      mountSetattr(trees.dev, { clear: ['rdonly'], recursive: true }),
    ]),
  ];
}

/**
 * Make it the root, with the old one stacked below it at the same place, and let go of that. No path of ours is looked
 * up in between, and no directory for the old root is needed. pivot_root(2), `pivot_root(".", ".")`
 */
export function switchRoot(tree: Exclude<Arg, string>): Step[] {
  return [
    label('switch to the root file system', [fchdir(tree), syscall('pivot_root', '.', '.')]),
    // It lies on top of the new one. One call for the whole tree: each has the kernel wait for a grace period.
    label('let go of the old root', [umount('.', ['detach']), chdir('/')]),
  ];
}
