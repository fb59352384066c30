/** What a hard link is to: an inode of the layer, or a file of the layers below, taken into the layer; as hard-link.ts finds it. */
import { entryPath } from '../layer/entry-path.ts';
import { checkName } from '../layer/file-name.ts';
import { attributesOf, type Found, linkTarget } from '../layer/lower-view.ts';
import { invalid } from '../tar/invalid.ts';
import { shown, type TarEntry } from '../tar/tar-entry.ts';
import type { UnionfsError } from '../unionfs-error.ts';
import type { Appendix } from './appendix.ts';
import type { ImageDirectory } from './image-directory.ts';
import type { ImageTree } from './image-tree.ts';
import { Inode } from './inode.ts';
import { checkedAttributes } from './xattrs.ts';

export interface LinkTarget {
  readonly directory: ImageDirectory;
  readonly name: string;
  readonly inode: Inode;
}

export function findTarget(tree: ImageTree, appendix: Appendix, entry: TarEntry): LinkTarget {
  const path = entryPath(entry.link, 'the target of the hard link');
  const name = path.pop();
  const directory = name === undefined ? undefined : tree.walk(path, { create: 'if-below' });
  if (name === undefined || directory === undefined) throw noTarget(entry);
  checkName(name);
  const inode = directory.names.get(name) ?? takeAlong(tree, appendix, directory, name, entry);
  if (inode === undefined || inode.isWhiteout) throw noTarget(entry);
  if (inode.type === 'directory') {
    throw invalid(entry, `${shown(entry.link)} is a directory, to which there are no hard links`);
  }
  return { directory, name, inode };
}

/** Undefined when there is no such file below, or nothing below shows there. */
function takeAlong(
  tree: ImageTree,
  appendix: Appendix,
  directory: ImageDirectory,
  name: string,
  entry: TarEntry,
): Inode | undefined {
  if (directory.hidesBelow) return undefined;
  const path = directory.pathOf(name);
  const inode = tree.lower?.look(path, (found) => {
    const copy = copyOf(found);
    if (copy?.type === 'file') appendix.addBelow(copy, path, entry.name);
    return copy;
  });
  if (inode !== undefined) directory.takeAlong(name, inode);
  return inode;
}

function copyOf(found: Found): Inode | undefined {
  const { stats } = found;
  const type = stats.isSymbolicLink() ? 'symlink' : stats.isFile() ? 'file' : undefined;
  if (type === undefined) return undefined;
  const inode = new Inode(type, checkedAttributes(type, attributesOf(found)));
  inode.size = stats.size;
  if (type === 'symlink') inode.target = linkTarget(found);
  return inode;
}

function noTarget(entry: TarEntry): UnionfsError {
  return invalid(
    entry,
    `it is a hard link to ${shown(entry.link)}, which is neither in this layer before it nor below`,
  );
}
