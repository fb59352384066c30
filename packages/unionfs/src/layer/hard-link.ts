/** Hard links: to what came before in the layer, or to what the layers below hold. */
import { linkSync } from 'node:fs';
import { invalid } from '../tar/invalid.ts';
import { shown, type TarEntry } from '../tar/tar-entry.ts';
import type { UnionfsError } from '../unionfs-error.ts';
import type { CopyUp } from './copy-up.ts';
import type { Directory } from './directory.ts';
import { entryPath } from './entry-path.ts';
import type { LayerTree } from './layer-tree.ts';

/** What makes the link; undefined where it is one to itself. The way to its target leads through links as any does. */
export function hardLink(
  tree: LayerTree,
  directory: Directory,
  name: string,
  entry: TarEntry,
  copies: CopyUp,
): (() => void) | undefined {
  const path = entryPath(entry.link, 'the target of the hard link');
  const targetName = path.pop();
  const from = targetName === undefined ? undefined : tree.walk(path, { create: 'if-below' });
  if (targetName === undefined || from === undefined) throw noTarget(entry);
  const target = tree.lookAt(from, targetName);
  if (target === undefined || from.whiteouts.has(targetName)) {
    if (!copies.add(from, targetName, entry)) throw noTarget(entry);
  } else if (target.isDirectory()) {
    throw invalid(entry, `${shown(entry.link)} is a directory, to which there are no hard links`);
  }
  if (from === directory && targetName === name) return undefined;
  if (isWithin(from, directory, name)) throw invalid(entry, `its target ${shown(entry.link)} lies in what it replaces`);
  return () => linkSync(from.place(targetName), directory.place(name));
}

function isWithin(inner: Directory, directory: Directory, name: string): boolean {
  const outer = directory.children.get(name);
  for (let at: Directory | undefined = outer && inner; at; at = at.parent) if (at === outer) return true;
  return false;
}

function noTarget(entry: TarEntry): UnionfsError {
  return invalid(
    entry,
    `it is a hard link to ${shown(entry.link)}, which is neither in this layer before it nor below`,
  );
}
