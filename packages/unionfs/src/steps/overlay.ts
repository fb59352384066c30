/** Several directories as one tree. https://docs.kernel.org/filesystems/overlayfs.html */
import { release } from 'node:os';
import {
  type Call,
  fsconfig,
  fscreate,
  fsmount,
  fsopen,
  label,
  type MountAttribute,
  mountSetattr,
  moveMount,
  openTree,
  type Step,
} from '@estiba/syscalls';
import { UnionfsError } from '../unionfs-error.ts';
import { directoryFor } from './mount-point.ts';

export interface OverlayOptions {
  /** Directories that are read, the topmost first; at least one, at most 500. */
  readonly lower: readonly string[];
  /** The directory that takes all changes; without it the tree is read-only. */
  readonly upper?: string;
  /** An empty directory on the file system of `upper`, which the kernel works in. */
  readonly work?: string;
  /** More options of overlayfs, as `name` or `name=value`: `userxattr`, `volatile`. */
  readonly options?: readonly string[];
  /** Attributes of the mount, set before it is attached anywhere. */
  readonly attributes?: readonly MountAttribute[];
}

/** A mount that is nowhere yet: `steps` bring it into being, `tree` is its descriptor, for `moveMount`. */
export interface DetachedMount {
  readonly steps: readonly Step[];
  readonly tree: Call;
}

/** Mount an overlay on `target`. Needs CAP_SYS_ADMIN over the mount namespace; in a user namespace Linux 5.11. */
export function overlay(options: OverlayOptions & { readonly target: string }): Step[] {
  const { steps, tree } = overlayTree(options);
  return [
    label(`mount overlay on ${options.target}`, [
      ...steps,
      ...directoryFor(options.target),
      moveMount(tree, options.target),
    ]),
  ];
}

/** An overlay that is nowhere yet, for a program that attaches it to a descriptor, or only looks into it. */
export function overlayTree(options: OverlayOptions): DetachedMount {
  const { lower, upper, work, attributes = [] } = check(options);
  const [only] = lower;
  if (only !== undefined && lower.length === 1 && upper === undefined) return justOne(only, attributes);
  const context = fsopen('overlay');
  const tree = fsmount(context, attributes);
  const steps = [
    context,
    // Shown as the source in /proc/mounts; what tools look for.
    fsconfig(context, 'source', 'overlay'),
    ...lowerDirectories(context, lower),
    ...(upper === undefined || work === undefined
      ? []
      : [fsconfig(context, 'upperdir', upper), fsconfig(context, 'workdir', work)]),
    ...(options.options ?? []).map((option) => setOption(context, option)),
    fscreate(context),
    tree,
  ];
  return { steps: [label('make an overlay', steps)], tree };
}

/** Of a single directory the kernel makes no overlay; seen from outside a read-only copy of its mount is the same. */
function justOne(directory: string, attributes: readonly MountAttribute[]): DetachedMount {
  const tree = openTree(directory, ['clone']);
  const set = [...new Set<MountAttribute>(['rdonly', ...attributes])];
  // Private, or mounts made on the copy of a shared mount would appear on the original as well.
  return { steps: [label(`take ${directory}`, [tree, mountSetattr(tree, { set, propagation: 'private' })])], tree };
}

/**
 * One by one since Linux 6.8; before, as one text of at most 255 bytes, in which colons and backslashes are escaped.
 */
function lowerDirectories(context: Call, lower: readonly string[]): Step[] {
  if (appendsLower()) return lower.map((directory) => fsconfig(context, 'lowerdir+', directory));
  const text = lower.map((directory) => directory.replace(/[\\:]/g, '\\$&')).join(':');
  if (Buffer.byteLength(text) > 255) {
    throw new UnionfsError(
      'OVERLAY_UNSUPPORTED',
      `cannot make an overlay of ${lower.length} directories: before Linux 6.8 (this is ${release()}) their paths may take 255 bytes together, these take ${Buffer.byteLength(text)}; use shorter paths`,
    );
  }
  return [fsconfig(context, 'lowerdir', text)];
}

function appendsLower(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 8);
}

function setOption(context: Call, option: string): Call {
  const equals = option.indexOf('=');
  return equals === -1
    ? fsconfig(context, option)
    : fsconfig(context, option.slice(0, equals), option.slice(equals + 1));
}

function check(options: OverlayOptions): OverlayOptions {
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
