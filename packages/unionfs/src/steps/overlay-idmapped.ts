/**
 * An overlay of directories that are shown by an id map, for kernels that take none of mounts that are nowhere: each is shown at a
 * place first. All of these are in a mount namespace that ends with the process, so nothing is left of them, whatever happens.
 *
 *     new mount namespace | passage: tmpfs | passage/0, 1, …: the directories | passage/merged: the overlay of 0, 1, …
 *     the old one again   | target: the overlay, taken from there
 */
import { chdir, label, mount, moveMount, open, openTree, type Step, setns, unshare } from '@estiba/syscalls';
import { changeMount } from './attributes.ts';
import { bind } from './bind.ts';
import { directoryFor } from './mount-point.ts';
import { type OverlayOptions, overlay } from './overlay.ts';
import { tmpfs } from './tmpfs.ts';
import type { UserNamespace } from './user-namespace.ts';

export interface MappedOptions extends OverlayOptions {
  readonly target: string;
  readonly lowerIdmap: UserNamespace;
  readonly passage: string;
}

/** For `launch`: the process that runs this has to end then. Linux 5.19 */
export function overlayIdmapped(options: MappedOptions): Step[] {
  const { target, passage, lowerIdmap, lowerIdmapFrom = 0, lower, ...rest } = options;
  const merged = `${passage}/merged`;
  // Before Linux 6.8 all paths have to fit into a page. These are shorter than any, so what fits without an id map does with one.
  const places = lower.map((path, at) => (at < lowerIdmapFrom ? path : `${at}`));
  const mapped = [...lower.entries()].slice(lowerIdmapFrom);
  const before = open('/proc/self/ns/mnt');
  const tree = openTree(merged, ['clone']);
  return [
    label('see to it that nothing stays', [
      before,
      unshare('mount'),
      mount({ target: '/', flags: ['private', 'rec'] }),
      ...tmpfs(passage, { mode: 0o700 }),
    ]),
    ...mapped.flatMap(([at, path]) => bind(path, `${passage}/${at}`, { idmap: lowerIdmap })),
    chdir(passage),
    ...overlay({ ...rest, lower: places, target: merged }),
    label(`attach it at ${target}`, [
      tree,
      changeMount(tree, { set: [], propagation: 'private' }),
      ...setns(before, 'mount'),
      ...directoryFor(target),
      moveMount(tree, target),
    ]),
  ];
}
