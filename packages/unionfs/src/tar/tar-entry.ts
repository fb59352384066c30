/**
 * One entry of a tar archive, whatever dialect it was written in. Names are bytes: a file system need not speak UTF-8.
 */
export interface TarEntry {
  readonly type: TarEntryType;
  /** As written in the archive, without a trailing NUL. */
  readonly name: Buffer;
  /** The target of a symbolic link, or the name of the entry that a hard link is to. */
  readonly link: Buffer;
  /** Bytes that a reader of the file sees; 0 for everything but files. */
  readonly size: number;
  /** Bytes of content in the archive: `size`, but of a sparse file only what `extents` list. */
  readonly stored: number;
  /** Where in the uncompressed archive these begin. */
  readonly position: number;
  /** Of a sparse file: the parts that are not holes, ascending, in the order in which their bytes are stored. */
  readonly extents?: readonly Extent[];
  /** Permissions with set-id and sticky bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: TarTime;
  /** Of a device. */
  readonly major: number;
  readonly minor: number;
  /** Values are bytes; names too, written in latin1. */
  readonly xattrs: ReadonlyMap<string, Buffer>;
}

/** In bytes from the beginning of the file. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

export type TarEntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo';

/** `nanoseconds` counts forward from `seconds`, also before 1970, as in a timespec(3). */
export interface TarTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** How a name is shown to a person: in quotes, with what is not printable escaped. */
export function shown(name: Uint8Array): string {
  const text = Buffer.from(name).toString();
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
