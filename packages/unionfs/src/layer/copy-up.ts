/** A file of a layer below, taken into this one so that a hard link to it can be made. */
import { closeSync, ftruncateSync, openSync, symlinkSync, unlinkSync, writeSync } from 'node:fs';
import { type AttributeOptions, setAttributes, setLinkAttributes, setTimes } from './attributes.ts';
import type { Directory } from './directory.ts';
import type { LayerTree } from './layer-tree.ts';
import { attributesOf, dataOf, type Found, linkTarget } from './lower-view.ts';

export interface CopyOptions extends AttributeOptions {
  /** Told of each piece of content before it is written. */
  readonly onBytes: (bytes: number) => void;
}

/** False when there is no such file below, or nothing below shows there. */
export function copyUp(tree: LayerTree, directory: Directory, name: string, options: CopyOptions): boolean {
  if (tree.lower === undefined || directory.hidesBelow || directory.whiteouts.has(name)) return false;
  const path = directory.parent === undefined ? name : `${directory.path}/${name}`;
  const copied = tree.lower.look(path, (found) => copy(found, directory, name, options));
  if (copied) directory.copied.add(name);
  return copied ?? false;
}

function copy(found: Found, directory: Directory, name: string, options: CopyOptions): boolean {
  const attributes = attributesOf(found);
  if (found.stats.isSymbolicLink()) {
    symlinkSync(linkTarget(found), directory.place(name));
    setLinkAttributes(directory.place(name), attributes, options);
    return true;
  }
  if (!found.stats.isFile()) return false;
  const file = openSync(directory.place(name), 'wx', 0o600);
  try {
    copyContent(found, file, options);
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

/** Holes stay holes: a file may have more of them than a disk has room. */
function copyContent(found: Found, file: number, { onBytes }: CopyOptions): void {
  ftruncateSync(file, found.stats.size);
  for (const { offset, bytes } of dataOf(found)) {
    onBytes(bytes.length);
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, offset + at);
  }
}
