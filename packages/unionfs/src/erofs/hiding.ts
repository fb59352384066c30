/** Whiteouts in the form that overlayfs reads, as whiteouts.ts makes them in a directory. */
import { checkName } from '../layer/file-name.ts';
import { ImageDirectory } from './image-directory.ts';
import type { ImageTree } from './image-tree.ts';
import { whiteout } from './inode.ts';
import { opaqueMark } from './xattrs.ts';

/** Hides what the layers below have under a name; what the layer itself has there stays. */
export function hide(tree: ImageTree, directory: ImageDirectory, name: string): void {
  checkName(name);
  const child = directory.names.get(name);
  if (child?.isWhiteout) return;
  if (directory.owns(name)) {
    // It hides what is below by being there; a directory must in addition not be merged with it.
    if (child instanceof ImageDirectory) child.isOpaque = true;
    return;
  }
  // A directory that was made only to hold marks, or a file taken along from below.
  if (child !== undefined) tree.displace(directory, name);
  if (directory.hidesBelow) return;
  if (tree.lower !== undefined && tree.lower.look(directory.pathOf(name), () => true) === undefined) return;
  directory.names.set(name, whiteout());
}

/**
 * To be called after the last entry. Where nothing of below can show there is nothing to hide, and the kernel would list
 * what it cannot find. What was taken along from below is of below, too.
 */
export function settleMarks(directory: ImageDirectory, hidden = false): void {
  const hides = hidden || directory.isOpaque;
  for (const [name, child] of directory.names) {
    if (child instanceof ImageDirectory && (child.isOwn || !hides)) settleMarks(child, hides);
    // One that only holds marks, about what does not show any more.
    else if (hides && (child instanceof ImageDirectory || child.isWhiteout)) directory.names.delete(name);
  }
  if (hides) for (const name of directory.copied) directory.names.delete(name);
  if (!directory.isOpaque || hidden) return;
  directory.attributes = { ...directory.attributes, xattrs: [...directory.attributes.xattrs, opaqueMark] };
}
