/** What a layer makes, held in memory until the index of the image is written. */
import type { TarTime } from '../tar/tar-entry.ts';
import type { Xattr } from './xattrs.ts';

export type InodeType = 'file' | 'directory' | 'symlink' | 'character' | 'block' | 'fifo';

/** What can be said of a file of any type. */
export interface InodeAttributes {
  /** Permissions with set-id and sticky bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: TarTime;
  readonly xattrs: readonly Xattr[];
}

export class Inode {
  readonly type: InodeType;
  attributes: InodeAttributes;
  /** Bytes of content, and where in the image they begin. */
  size = 0;
  position = 0;
  /** Of a symbolic link. */
  target: Buffer | undefined;
  /** Of a device, as the kernel writes both its numbers into one. */
  device = 0;
  /** A mark of ours that hides a name of the layers below, and no device that the layer has. */
  isWhiteout = false;
  /** Given when the image is laid out: its number, and how many names it has. */
  number = 0;
  links = 0;

  constructor(type: InodeType, attributes: InodeAttributes) {
    this.type = type;
    this.attributes = attributes;
  }
}

/** For what no entry describes. */
export const ordinary: InodeAttributes = {
  mode: 0o755,
  uid: 0,
  gid: 0,
  mtime: { seconds: 0, nanoseconds: 0 },
  xattrs: [],
};

/** As overlayfs reads it: a character device 0/0. */
export function whiteout(): Inode {
  const made = new Inode('character', { ...ordinary, mode: 0 });
  made.isWhiteout = true;
  return made;
}
