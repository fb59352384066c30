import type { NewEntry } from '@estiba/unionfs';

const nothing = Buffer.alloc(0);

/** A file or directory of root's, as ordinary as it can be. */
export function entryOf(type: 'file' | 'directory', name: string, size = 0): NewEntry {
  const owner = { uid: 0, gid: 0, mode: type === 'file' ? 0o644 : 0o755 };
  const rest = { link: nothing, major: 0, minor: 0, mtime: { seconds: 1_700_000_000, nanoseconds: 0 }, xattrs };
  return { type, name: Buffer.from(name), size, ...owner, ...rest };
}

const xattrs: ReadonlyMap<string, Buffer> = new Map();
