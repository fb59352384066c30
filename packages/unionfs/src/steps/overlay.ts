/** Several directories as one tree. https://docs.kernel.org/filesystems/overlayfs.html */
import {
  type Call,
  fsconfig,
  fscreate,
  fsmount,
  fsopen,
  label,
  moveMount,
  openTree,
  type Step,
} from '@estiba/syscalls';
import { UnionfsError } from '../unionfs-error.ts';
import { changeMount } from './attributes.ts';
import { kernelHas, kernelName } from './kernel.ts';
import { directoryFor } from './mount-point.ts';
import { check, type OverlayOptions, settings } from './overlay-options.ts';
import { asText, lowerText, mountText } from './overlay-text.ts';
import { openUserNamespace, type UserNamespace } from './user-namespace.ts';

export type { OverlayOptions } from './overlay-options.ts';

/** A mount that is nowhere yet: `steps` bring it into being, `tree` is its descriptor, for `moveMount`. */
export interface DetachedMount {
  readonly steps: readonly Step[];
  readonly tree: Call;
}

/** Mount an overlay on `target`. Needs CAP_SYS_ADMIN over the mount namespace; in a user namespace Linux 5.11. */
export function overlay(options: OverlayOptions & { readonly target: string }): Step[] {
  const { target } = options;
  const place = directoryFor(target);
  if (needsText(check(options))) return [label(`mount overlay on ${target}`, [...place, mountText(options, target)])];
  const { steps, tree } = overlayTree(options);
  return [label(`mount overlay on ${target}`, [...steps, ...place, moveMount(tree, target)])];
}

/** An overlay that is nowhere yet, for a program that attaches it to a descriptor, or only looks into it. */
export function overlayTree(options: OverlayOptions): DetachedMount {
  const { lower, upper, work, attributes = [], lowerIdmap, passage } = check(options);
  const [only] = lower;
  if (only !== undefined && lower.length === 1 && upper === undefined) return justOne(only, options);
  if (needsText(options)) return asText(options, requirePassage(lower, passage));
  const context = fsopen('overlay');
  const tree = fsmount(context, attributes);
  const steps = [
    context,
    // Shown as the source in /proc/mounts; what tools look for.
    fsconfig(context, 'source', 'overlay'),
    ...(lowerIdmap === undefined ? lowerDirectories(context, lower) : idmapped(context, lower, lowerIdmap)),
    ...(upper === undefined || work === undefined
      ? []
      : [fsconfig(context, 'upperdir', escaped(upper)), fsconfig(context, 'workdir', escaped(work))]),
    ...settings(options).map(([name, value]) => fsconfig(context, name, value)),
    fscreate(context),
    tree,
  ];
  return { steps: [label('make an overlay', steps)], tree };
}

/** Of a single directory the kernel makes no overlay; seen from outside a read-only copy of its mount is the same. */
function justOne(directory: string, { attributes = [], lowerIdmap }: OverlayOptions): DetachedMount {
  const tree = openTree(directory, ['clone']);
  const namespace = lowerIdmap === undefined ? undefined : openUserNamespace(lowerIdmap);
  const set = [...new Set(['rdonly', ...attributes] as const)].filter((name) => name !== 'idmap');
  // Private, or mounts made on the copy of a shared mount would appear on the original as well.
  const change = changeMount(tree, { set, propagation: 'private', ...(namespace && { idmap: namespace.fd }) });
  return { steps: [label(`take ${directory}`, [tree, ...(namespace?.steps ?? []), change])], tree };
}

/** One by one since Linux 6.8; before, as one text. */
function lowerDirectories(context: Call, lower: readonly string[]): Step[] {
  if (appendsLower()) return lower.map((directory) => fsconfig(context, 'lowerdir+', directory));
  return [fsconfig(context, 'lowerdir', lowerText(lower))];
}

function idmapped(context: Call, lower: readonly string[], userNamespace: UserNamespace): Step[] {
  if (!kernelHas(6, 15)) {
    throw new UnionfsError(
      'OVERLAY_UNSUPPORTED',
      `cannot make an overlay of directories with an id map: before Linux 6.15 (this is ${kernelName()}) it takes no mounts that are nowhere; bind each directory with an idmap, and give these places as lower`,
    );
  }
  const { steps, fd } = openUserNamespace(userNamespace);
  const trees = lower.flatMap((directory) => {
    const tree = openTree(directory, ['clone']);
    return [
      tree,
      changeMount(tree, { set: [], propagation: 'private', idmap: fd }),
      fsconfig(context, 'lowerdir+', tree),
    ];
  });
  return [...steps, ...trees];
}

/** Paths of these two are unescaped by every kernel; those of `lowerdir+` are taken as they are. */
function escaped(path: string): string {
  return path.replaceAll('\\', '\\\\');
}

/** fsconfig(2) takes texts of at most 255 bytes, and before Linux 6.5, for file systems like this one, no comma in them. */
function needsText({ lower, upper, work }: OverlayOptions): boolean {
  if (appendsLower() || (lower.length === 1 && upper === undefined)) return false;
  return Buffer.byteLength(lowerText(lower)) > 255 || [...lower, upper, work].some((path) => path?.includes(','));
}

function requirePassage(lower: readonly string[], passage: string | undefined): string {
  if (passage !== undefined) return passage;
  const bytes = Buffer.byteLength(lowerText(lower));
  throw new UnionfsError(
    'OVERLAY_UNSUPPORTED',
    `cannot make an overlay of ${lower.length} directories: before Linux 6.8 (this is ${kernelName()}) their paths may take 255 bytes together, without commas, these take ${bytes}; use shorter paths, mount it on a target, or give a passage`,
  );
}

function appendsLower(): boolean {
  return kernelHas(6, 8);
}
