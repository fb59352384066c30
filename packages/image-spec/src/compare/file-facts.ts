export type FileType = 'file' | 'directory' | 'symlink' | 'character' | 'block' | 'fifo';

/** What a layer says of a file. */
export interface FileFacts {
  readonly type: FileType;
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970, to the nanosecond: `1700000000.000000000`. */
  readonly mtime: string;
  /** Of a file, in bytes. */
  readonly size?: number;
  /** Of a file's content; of one that is stored as sparse, of what is stored. */
  readonly digest?: string;
  /** Where a symbolic link leads. */
  readonly link?: string;
  /** `major:minor` */
  readonly device?: string;
  /** Values in hexadecimal. */
  readonly xattrs?: Readonly<Record<string, string>>;
  /** The first of its names, for all others: these are hard links to one file. */
  readonly hardLink?: string;
}

/** Names are bytes. Those that are UTF-8 are shown as such, others with `\xff` for each byte that is not ASCII. */
export function shownName(latin1: string): string {
  if (!/[\x80-\xff]/.test(latin1)) return latin1;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(latin1, 'latin1'));
  } catch {
    return latin1.replace(/[\x80-\xff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`);
  }
}

/** For an error: names of entries may be a mebibyte long. */
export function shownPath(path: readonly string[]): string {
  const whole = path.join('/');
  return shownName(whole.length > 300 ? `${whole.slice(0, 300)}...` : whole);
}
