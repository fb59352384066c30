/** Entries that are no directories, as inodes; leaf.ts makes the same in a directory. */
import { symlinkTarget } from '../layer/symlink-target.ts';
import { invalid } from '../tar/invalid.ts';
import type { TarEntry } from '../tar/tar-entry.ts';
import { Inode, type InodeAttributes } from './inode.ts';

/** A file has no place yet. */
export function leafOf(entry: TarEntry, attributes: InodeAttributes): Inode {
  const inode = new Inode(entry.type as Inode['type'], attributes);
  if (entry.type === 'file') inode.size = entry.size;
  else if (entry.type === 'symlink') {
    inode.target = symlinkTarget(entry);
    inode.size = inode.target.length;
  } else inode.device = deviceOf(entry);
  return inode;
}

/** Both numbers in one, as the kernel writes them (new_encode_dev). makedev(3) */
function deviceOf(entry: TarEntry): number {
  const { major, minor } = entry;
  if (major < 0 || major > 0xfff || minor < 0 || minor > 0xfffff) {
    throw invalid(entry, `there is no device ${major}:${minor}`);
  }
  return entry.type === 'fifo' ? 0 : ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}
