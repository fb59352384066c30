/** A file of a layer below, taken into this one so that a hard link to it can be made. */
import { closeSync, openSync, symlinkSync, unlinkSync, writeSync } from 'node:fs';
import { type AttributeOptions, setAttributes, setLinkAttributes, setTimes } from './attributes.ts';
import type { Directory } from './directory.ts';
import type { LayerTree } from './layer-tree.ts';
import { attributesOf, contentOf, type Found, linkTarget } from './lower-view.ts';

/** False when there is no such file below, or nothing below shows there. */
export function copyUp(tree: LayerTree, directory: Directory, name: string, options: AttributeOptions): boolean {
  if (tree.lower === undefined || directory.hidesBelow || directory.whiteouts.has(name)) return false;
  const path = directory.parent === undefined ? name : `${directory.path}/${name}`;
  const copied = tree.lower.look(path, (found) => copy(found, directory, name, options));
  if (copied) directory.copied.add(name);
  return copied ?? false;
}

function copy(found: Found, directory: Directory, name: string, options: AttributeOptions): boolean {
  const attributes = attributesOf(found);
  if (found.stats.isSymbolicLink()) {
    symlinkSync(linkTarget(found), directory.place(name));
    setLinkAttributes(directory.place(name), attributes, options);
    return true;
  }
  if (!found.stats.isFile()) return false;
  const file = openSync(directory.place(name), 'wx', 0o600);
  try {
    for (const piece of contentOf(found)) for (let at = 0; at < piece.length; ) at += writeSync(file, piece, at);
    setAttributes(file, attributes, options);
    setTimes(file, attributes.mtime);
  } catch (error) {
    unlinkSync(directory.place(name));
    throw error;
  } finally {
    closeSync(file);
  }
  return true;
}
