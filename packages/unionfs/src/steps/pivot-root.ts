import { chdir, fchdir, label, mount, mountSetattr, open, type Step, syscall, umount } from '@estiba/syscalls';

/**
 * Make `root` the whole tree the process sees, and let go of the old one. For a launched process in a mount namespace of
 * its own. `root` must be a mount point (`bind(root, root)` makes one) and its parent mount private. pivot_root(2)
 */
export function pivotRoot(root: string, options: { readonly readonly?: boolean } = {}): Step[] {
  const tree = open(root, ['path', 'directory']);
  return [
    label(`change the root to ${root}`, [
      tree,
      ...(options.readonly ? [mountSetattr(tree, { set: ['rdonly'] })] : []),
      fchdir(tree),
      // Old and new root end up on top of each other, so no directory for the old one is needed inside the new.
      syscall('pivot_root', '.', '.'),
      // Otherwise the unmount would spread to where the old root came from.
      mount({ target: '.', flags: ['slave', 'rec'] }),
      umount('.', ['detach']),
      chdir('/'),
    ]),
  ];
}
