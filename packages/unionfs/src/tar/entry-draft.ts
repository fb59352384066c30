/** An entry as its header and what was announced before it describe it. */
import type { Announcements } from './announcements.ts';
import { invalid } from './invalid.ts';
import { paxSparseMap } from './pax-sparse-map.ts';
import type { SparseMap } from './sparse-map.ts';
import type { TarEntry } from './tar-entry.ts';
import { typeOf } from './tar-entry-type.ts';
import type { TarHeader } from './tar-header.ts';

/** All that can be said before the map of a sparse file has been read. */
export interface EntryDraft extends Omit<TarEntry, 'size' | 'position' | 'extents'> {
  /** Bytes in the archive that are nothing to a reader. */
  readonly skipped: number;
  readonly sparse: SparseMap | undefined;
}

export function draft(header: TarHeader, announced: Announcements): EntryDraft {
  const over = announced.overrides();
  const name = over.path ?? announced.longName ?? header.name;
  const type = typeOf(header.flag, name);
  const size = over.size ?? header.size;
  const isFile = type === 'file';
  return {
    type,
    name,
    link: over.link ?? announced.longLink ?? header.link,
    stored: isFile ? size : 0,
    skipped: contentOfDirectory(header.flag, type, size, name),
    sparse: sparseMap(header, announced, name, isFile ? size : undefined),
    mode: header.mode,
    uid: id(over.uid ?? header.uid, name, 'user'),
    gid: id(over.gid ?? header.gid, name, 'group'),
    mtime: over.mtime ?? { seconds: header.mtime, nanoseconds: 0 },
    major: over.major ?? header.major,
    minor: over.minor ?? header.minor,
    xattrs: over.xattrs,
  };
}

/** The entry at the place where its content begins. */
export function complete(draft: EntryDraft, position: number): TarEntry {
  const { sparse, skipped: _, ...known } = draft;
  if (sparse === undefined) return { ...known, size: known.stored, position };
  const stored = known.stored - sparse.counted;
  return { ...known, size: sparse.size, stored, position, extents: sparse.extents.fitting(sparse.size, stored) };
}

/** Sizes of directories, links and devices say nothing about the archive, but for those of two. */
function contentOfDirectory(flag: string, type: TarEntry['type'], size: number, name: Buffer): number {
  if (flag === 'D') return size;
  // Some readers take this for a file, others pass over the content, others read it as headers.
  if (flag === '0' && type === 'directory' && size > 0)
    throw invalid({ name }, 'it is a directory by its name, and has content');
  return 0;
}

function sparseMap(
  header: TarHeader,
  announced: Announcements,
  name: Buffer,
  stored: number | undefined,
): SparseMap | undefined {
  const map = paxSparseMap(announced.own, name, stored ?? 0);
  if (map === undefined) return header.sparse;
  if (stored === undefined) throw invalid({ name }, 'it is a sparse file and none');
  if (header.sparse !== undefined) throw invalid({ name }, 'it is a sparse file in two ways');
  return map;
}

/** The largest id stands for "none" to the kernel. credentials(7) */
function id(value: number, name: Buffer, what: string): number {
  if (value < 0 || value >= 0xffffffff) throw invalid({ name }, `its ${what} id is ${value}`);
  return value;
}
