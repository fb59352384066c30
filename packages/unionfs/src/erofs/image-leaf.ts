/** Entries that are no directories, as inodes; leaf.ts makes the same in a directory. */
import { invalid } from '../tar/invalid.ts';
import type { TarEntry } from '../tar/tar-entry.ts';
import { Inode, type InodeAttributes } from './inode.ts';

/** Of a symbolic link's target. symlink(7) */
const longestTarget = 4095;

/** A file has no place yet. */
export function leafOf(entry: TarEntry, attributes: InodeAttributes): Inode {
  const inode = new Inode(entry.type as Inode['type'], attributes);
  if (entry.type === 'file') inode.size = entry.size;
  else if (entry.type === 'symlink') {
    inode.target = targetOf(entry);
    inode.size = inode.target.length;
  } else inode.device = deviceOf(entry);
  return inode;
}

function targetOf(entry: TarEntry): Buffer {
  const { link } = entry;
  if (link.length === 0) throw invalid(entry, 'it is a link to nothing');
  if (link.length > longestTarget) throw invalid(entry, `its target has more than ${longestTarget} bytes`);
  return link;
}

/** Both numbers in one, as the kernel writes them (new_encode_dev). makedev(3) */
function deviceOf(entry: TarEntry): number {
  const { major, minor } = entry;
  if (major < 0 || major > 0xfff || minor < 0 || minor > 0xfffff) {
    throw invalid(entry, `there is no device ${major}:${minor}`);
  }
  return entry.type === 'fifo' ? 0 : ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}
