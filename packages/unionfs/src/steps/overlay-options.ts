import type { MountAttribute } from '@estiba/syscalls';
import { UnionfsError } from '../unionfs-error.ts';
import type { UserNamespace } from './user-namespace.ts';

/** https://docs.kernel.org/filesystems/overlayfs.html */
export interface OverlayOptions {
  /** Directories that are read, the topmost first; at least one, at most 500. */
  readonly lower: readonly string[];
  /** The directory that takes all changes; without it the tree is read-only. */
  readonly upper?: string;
  /** An empty directory on the file system of `upper`, which the kernel works in. */
  readonly work?: string;
  /**
   * Nothing is written to the disk when programs ask for it (fsync(2)): quicker, for what is thrown away. What was written is
   * not to be trusted after a crash of the machine, so `upper` cannot be mounted again until `work/work/incompat/volatile` is
   * removed. Linux 5.10
   */
  readonly volatile?: boolean;
  /** Marks are read from and written to `user.overlay.*` instead of `trusted.overlay.*`: in a user namespace. Linux 5.11 */
  readonly userxattr?: boolean;
  /** Whether inode numbers are unique over all directories, where these lie on several file systems. */
  readonly xino?: 'on' | 'off' | 'auto';
  /** Whether hard links to files of `lower` stay together; with it, a second mount of `upper` is refused. */
  readonly index?: boolean;
  /**
   * Whether a directory of `lower` can be renamed without copying it; `off` still follows what was renamed earlier, `nofollow`
   * does not. With `userxattr` only `nofollow` is allowed, which is the default there.
   */
  readonly redirectDir?: 'on' | 'off' | 'follow' | 'nofollow';
  /** Whether a change of owner or mode copies a file without its content. Needs `redirectDir: 'on'`, and no `userxattr`. */
  readonly metacopy?: boolean;
  /** What /proc/mounts shows where other file systems have their device; `overlay` unless told. */
  readonly source?: string;
  /** More options of overlayfs, as `name` or `name=value`. */
  readonly options?: readonly string[];
  /** Attributes of the mount, set before it is attached anywhere. */
  readonly attributes?: readonly MountAttribute[];
  /**
   * Show the owners of what is in `lower` by the id maps of this user namespace. Linux 6.15; before (5.19), `mountOverlay` can
   * with a `passage`, and others show each directory at a second place by `bind` with `idmap`, and give these places as `lower`.
   */
  readonly lowerIdmap?: UserNamespace;
  /** The first of `lower` that it holds for, those above are shown as they are; of all, unless told. */
  readonly lowerIdmapFrom?: number;
  /**
   * Before Linux 6.8 the paths of `lower` may take 255 bytes together. For an overlay that is nowhere yet, an empty directory
   * raises that to a page, 4,095 bytes with all options: the overlay is mounted there for a moment. `overlay` and `mountOverlay`,
   * which know where it is to be, do without.
   */
  readonly passage?: string;
}

/** All but the directories, as the kernel is told. */
export function settings(options: OverlayOptions): (readonly [name: string, value?: string])[] {
  const { volatile, userxattr, xino, index, redirectDir, metacopy } = options;
  return [
    ...(volatile ? [['volatile'] as const] : []),
    ...(userxattr ? [['userxattr'] as const] : []),
    ...(xino === undefined ? [] : [['xino', xino] as const]),
    ...(index === undefined ? [] : [['index', index ? 'on' : 'off'] as const]),
    ...(redirectDir === undefined ? [] : [['redirect_dir', redirectDir] as const]),
    ...(metacopy === undefined ? [] : [['metacopy', metacopy ? 'on' : 'off'] as const]),
    ...(options.options ?? []).map(named),
  ];
}

/** Throws a UnionfsError for what no kernel takes. */
export function check(options: OverlayOptions): OverlayOptions {
  const { lower, upper, work } = options;
  const refuse = (why: string) => new UnionfsError('OVERLAY_UNSUPPORTED', `cannot make an overlay: ${why}`);
  if (lower.length === 0) throw refuse('it needs at least one lower directory; an empty one will do');
  if (lower.length > 500) throw refuse(`the kernel takes at most 500 lower directories, these are ${lower.length}`);
  if ((upper === undefined) !== (work === undefined)) {
    throw refuse('upper and work go together: give both for a writable tree, none for a read-only one');
  }
  for (const path of [...lower, upper, work]) {
    if (path === undefined) continue;
    if (path.includes('\0')) throw refuse(`the path ${JSON.stringify(path)} has a NUL in it`);
    if (Buffer.byteLength(path) > 255) throw refuse(`the kernel takes paths of at most 255 bytes here: ${path}`);
  }
  return options;
}

function named(option: string): readonly [name: string, value?: string] {
  const equals = option.indexOf('=');
  return equals === -1 ? [option] : [option.slice(0, equals), option.slice(equals + 1)];
}
