/** Several directories as one tree. https://docs.kernel.org/filesystems/overlayfs.html */
import { type Call, fsconfig, label, openTree, type Step } from '@estiba/syscalls';
import { UnionfsError } from '../unionfs-error.ts';
import { changeMount } from './attributes.ts';
import { attach, type DetachedMount, detached } from './detached-mount.ts';
import { kernelHas, kernelName } from './kernel.ts';
import { directoryFor } from './mount-point.ts';
import { check, type OverlayOptions, settings } from './overlay-options.ts';
import { asText, lowerText, mountText } from './overlay-text.ts';
import { openUserNamespace, type UserNamespace } from './user-namespace.ts';

export type { DetachedMount } from './detached-mount.ts';
export type { OverlayOptions } from './overlay-options.ts';

/** Mount an overlay on `target`. Needs CAP_SYS_ADMIN over the mount namespace; in a user namespace Linux 5.11. */
export function overlay(options: OverlayOptions & { readonly target: string }): Step[] {
  const { target } = options;
  if (needsText(check(options))) {
    return [label(`mount overlay on ${target}`, [...directoryFor(target), mountText(options, target)])];
  }
  return attach('overlay', overlayTree(options), target);
}

/** An overlay that is nowhere yet, for a program that attaches it to a descriptor, or only looks into it. */
export function overlayTree(options: OverlayOptions): DetachedMount {
  const { lower, upper, work, source = 'overlay', attributes = [], passage } = check(options);
  const [only] = lower;
  if (only !== undefined && lower.length === 1 && upper === undefined) return justOne(only, options);
  if (needsText(options)) return asText(options, requirePassage(lower, passage));
  const { steps, tree } = detached('overlay', attributes, (context) => [
    // `overlay` is what tools look for.
    fsconfig(context, 'source', source),
    ...lowerDirectories(context, options),
    ...(upper === undefined || work === undefined
      ? []
      : [fsconfig(context, 'upperdir', escaped(upper)), fsconfig(context, 'workdir', escaped(work))]),
    ...settings(options).map(([name, value]) => fsconfig(context, name, value)),
  ]);
  return { steps: [label('make an overlay', steps)], tree };
}

/** Of a single directory the kernel makes no overlay; seen from outside a read-only copy of its mount is the same. */
function justOne(directory: string, options: OverlayOptions): DetachedMount {
  const { attributes = [], lowerIdmap, lowerIdmapFrom = 0 } = options;
  const tree = openTree(directory, ['clone']);
  const namespace = lowerIdmap === undefined || lowerIdmapFrom > 0 ? undefined : openUserNamespace(lowerIdmap);
  const set = [...new Set(['rdonly', ...attributes] as const)].filter((name) => name !== 'idmap');
  // Private, or mounts made on the copy of a shared mount would appear on the original as well.
  const change = changeMount(tree, { set, propagation: 'private', ...(namespace && { idmap: namespace.fd }) });
  return { steps: [label(`take ${directory}`, [tree, ...(namespace?.steps ?? []), change])], tree };
}

/** One by one since Linux 6.8; before, as one text. */
function lowerDirectories(context: Call, { lower, lowerIdmap, lowerIdmapFrom = 0 }: OverlayOptions): Step[] {
  if (lowerIdmap !== undefined) {
    const [asTheyAre, mapped] = [lower.slice(0, lowerIdmapFrom), lower.slice(lowerIdmapFrom)];
    return [
      ...asTheyAre.map((directory) => fsconfig(context, 'lowerdir+', directory)),
      ...idmapped(context, mapped, lowerIdmap),
    ];
  }
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
