/** What `rootfs` may be, and how it is opened for a container. */
import { type Arg, Fd, mountSetattr, openTree, type Program, perform } from '@estiba/syscalls';
import { type DetachedMount, type OverlayOptions, overlayTree } from '@estiba/unionfs';

/** A directory, or the layers of an overlay. */
export type RootFilesystem = string | OverlayOptions;

export interface OpenRoot extends Disposable {
  /** Done inside the container's mount namespace, before `tree` can be used. */
  readonly steps: Program;
  readonly tree: Exclude<Arg, string | undefined>;
  /** Where its user database can be read before it starts: directories, the topmost first. */
  readonly accounts: readonly Fd[];
}

/**
 * As root the tree is taken here, attached nowhere, and the container inherits the descriptor: one mount serves to look
 * up the user and to be the root. In a user namespace it has to be made inside.
 */
export function openRoot(rootfs: RootFilesystem, options: { rootless: boolean }): OpenRoot {
  return options.rootless ? openInside(rootfs) : openHere(rootfs);
}

function openHere(rootfs: RootFilesystem): OpenRoot {
  const { steps, tree } = treeOf(rootfs);
  const fd = perform(steps, { keep: [tree] }).fd(tree);
  return { steps: [], tree: fd, accounts: [fd], [Symbol.dispose]: () => fd.close() };
}

/** The user database is that of the topmost layer which has one. */
function openInside(rootfs: RootFilesystem): OpenRoot {
  const accounts = openAll(typeof rootfs === 'string' ? [rootfs] : [rootfs.upper ?? [], rootfs.lower].flat());
  const mountable =
    typeof rootfs === 'string' ? rootfs : { ...rootfs, options: [...(rootfs.options ?? []), 'userxattr'] };
  return { ...treeOf(mountable), accounts, [Symbol.dispose]: () => closeAll(accounts) };
}

function openAll(directories: readonly string[]): Fd[] {
  const opened: Fd[] = [];
  try {
    for (const directory of directories) opened.push(Fd.open(directory));
    return opened;
  } catch (error) {
    closeAll(opened);
    throw error;
  }
}

function closeAll(fds: readonly Fd[]): void {
  for (const fd of fds) fd.close();
}

function treeOf(rootfs: RootFilesystem): DetachedMount {
  if (typeof rootfs !== 'string') return overlayTree(rootfs);
  const tree = openTree(rootfs, ['clone', 'recursive']);
  // The copy of a shared mount is its peer: what is mounted on the one would appear on the other, so on the host.
  return { steps: [tree, mountSetattr(tree, { propagation: 'private', recursive: true })], tree };
}
