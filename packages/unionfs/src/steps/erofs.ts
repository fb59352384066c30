/** A layer in one file, as a tree. https://docs.kernel.org/filesystems/erofs.html */
import { fsconfig, label, type MountAttribute, type Step } from '@estiba/syscalls';
import { UnionfsError } from '../unionfs-error.ts';
import { attach, type DetachedMount, detached } from './detached-mount.ts';

export interface ErofsMountOptions {
  /** Attributes of the mount, set before it is attached anywhere; it is read-only without any. */
  readonly attributes?: readonly MountAttribute[];
}

/**
 * Mount an image of `writeErofs` on `target`: a file (Linux 6.12, not on tmpfs or overlayfs), or a block device with it
 * (Linux 6.4). Needs root of the machine: no user namespace will do.
 */
export function erofs(options: ErofsMountOptions & { readonly image: string; readonly target: string }): Step[] {
  const { image, target } = options;
  return attach(image, erofsTree(image, options), target);
}

/** One that is nowhere yet, and gone with its descriptor. Of a file, the kernel reads it itself. */
export function erofsTree(image: string, options: ErofsMountOptions = {}): DetachedMount {
  const { attributes = [] } = options;
  if (image.includes('\0') || Buffer.byteLength(image) > 255) {
    throw new UnionfsError('NAME_INVALID', `cannot mount ${image}: the kernel takes paths of at most 255 bytes here`);
  }
  const all = [...new Set<MountAttribute>(['rdonly', ...attributes])];
  const { steps, tree } = detached('erofs', all, (context) => [
    fsconfig(context, 'source', image),
    // Said of the file system too: a loop device that cannot be written to is refused otherwise.
    fsconfig(context, 'ro'),
  ]);
  return { steps: [label(`make a file system of ${image}`, steps)], tree };
}
