/**
 * How a layer says that something of the layers below is gone.
 * https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts
 */

import { perform, syscall } from '@estiba/syscalls';
import { shown, type TarEntry } from '../tar/tar-entry.ts';
import { UnionfsError } from '../unionfs-error.ts';
import { terminated } from './beneath.ts';
import type { Directory } from './directory.ts';
import type { LayerTree } from './layer-tree.ts';
import { list } from './remove-tree.ts';

export type Whiteout = { readonly hides: string } | 'opaque' | 'ignored' | undefined;

/**
 * What an entry says; undefined: it is an ordinary one. A device 0:0 is what overlayfs itself makes of a whiteout, and what
 * layers of some tools have in its place: no device has that number, and whoever keeps layers for an overlay has always
 * taken it for one.
 */
export function whiteoutOf(
  path: readonly string[],
  { name, type, major, minor }: Pick<TarEntry, 'name' | 'type' | 'major' | 'minor'>,
): Whiteout {
  const last = path.at(-1) ?? '';
  // Left over from aufs: hard link stores and the like, which mean nothing to anybody else.
  if (path.some((part) => part.startsWith('.wh..wh.') && part !== '.wh..wh..opq')) return 'ignored';
  if (path.slice(0, -1).some((part) => part.startsWith('.wh.'))) throw malformed(name, 'it lies inside a whiteout');
  if (last === '.wh..wh..opq') return 'opaque';
  if (!last.startsWith('.wh.')) {
    return type === 'character' && major === 0 && minor === 0 && last !== '' ? { hides: last } : undefined;
  }
  const hides = last.slice(4);
  if (hides === '' || hides === '.' || hides === '..') throw malformed(name, 'a whiteout has to name what it hides');
  return { hides };
}

/** In the form that overlayfs reads: a character device 0/0, or an attribute of the directory. */
export const overlayForm = {
  hide(tree: LayerTree, directory: Directory, name: string): void {
    if (directory.whiteouts.has(name)) return;
    const child = tree.lookAt(directory, name);
    if (directory.own.has(name)) {
      // It hides what is below by being there; a directory must in addition not be merged with it.
      if (child?.isDirectory()) opened(tree, directory, name).opaque = true;
      return;
    }
    // A directory that was made only to hold marks, or a file taken along from below.
    if (child !== undefined) tree.displace(directory, name);
    if (directory.hidesBelow) return;
    const path = directory.parent === undefined ? name : `${directory.path}/${name}`;
    if (tree.lower !== undefined && tree.lower.look(path, () => true) === undefined) return;
    const S_IFCHR = 0o020000;
    perform([syscall('mknodat', directory.fd, terminated(name), S_IFCHR, 0)]);
    directory.whiteouts.add(name);
  },
  hideAll(_tree: LayerTree, directory: Directory): void {
    directory.opaque = true;
  },
};

/** In a directory that holds the layers below: by removing. What this layer put there stays. */
export const deleting = {
  hide(tree: LayerTree, directory: Directory, name: string): void {
    const child = tree.lookAt(directory, name);
    if (child === undefined) return;
    if (!directory.own.has(name)) tree.displace(directory, name);
    else if (child.isDirectory()) this.hideAll(tree, opened(tree, directory, name));
  },
  hideAll(tree: LayerTree, directory: Directory): void {
    for (const name of list(directory.fd)) this.hide(tree, directory, name);
  },
};

function opened(tree: LayerTree, directory: Directory, name: string): Directory {
  const path = [...directory.path.split('/').filter(Boolean), name];
  return tree.walk(path, { create: 'never', links: 'refuse' }) as Directory;
}

function malformed(name: Buffer, why: string): UnionfsError {
  return new UnionfsError('LAYER_INVALID', `cannot unpack ${shown(name)}: ${why}`, { entry: name.toString() });
}
