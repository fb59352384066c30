/** Writes items of a tree into an archive, with their content. */
import { closeSync, fstatSync, readSync } from 'node:fs';
import { type Extent, shown, type TarEntryType } from '../tar/tar-entry.ts';
import { type NewEntry, TarWriter } from '../tar/tar-writer.ts';
import { UnionfsError } from '../unionfs-error.ts';
import { extentsOf } from './extents.ts';
import type { Item } from './item.ts';
import { ownedInside, type PackedOwner } from './owners.ts';
import { Pieces } from './pieces.ts';
import { changed, unreadable } from './unreadable.ts';

export interface PackOptions {
  /** Put before every name, as a directory. */
  readonly prefix?: string;
  /** Default: `keep`. */
  readonly owner?: PackedOwner;
  /** Default: nanoseconds, which takes an extended header for each file that has them. */
  readonly times?: 'nanoseconds' | 'whole-seconds';
  /**
   * Nothing is younger than that many seconds after 1970; `environment`: than SOURCE_DATE_EPOCH says, if it is set.
   * https://reproducible-builds.org/specs/source-date-epoch/
   */
  readonly sourceDateEpoch?: number | 'environment';
  /** Told of sockets, which no archive can hold and nobody can use: as `"name": socket`. */
  readonly onSkipped?: (what: string) => void;
  readonly signal?: AbortSignal;
}

export class Packer {
  readonly #options: PackOptions;
  readonly #newest: number;
  readonly #prefix: string;
  readonly #pieces = new Pieces();
  readonly #writer = new TarWriter(this.#pieces.write);
  readonly #firstNames = new Map<string, Buffer>();
  readonly #portion = Buffer.allocUnsafe(256 * 1024);

  constructor(options: PackOptions) {
    this.#options = options;
    this.#newest = newest(options.sourceDateEpoch);
    this.#prefix = prefixOf(options.prefix);
  }

  /** An item as it is; a name of a file that was packed before, as a hard link. */
  *pack(item: Item): Generator<Buffer> {
    const { path, type } = item;
    if (type === 'socket') return this.#options.onSkipped?.(`${shown(Buffer.from(path, 'latin1'))}: socket`);
    const name = this.#nameOf(path, type);
    const first = item.names > 1 ? this.#firstNames.get(item.inode) : undefined;
    if (first !== undefined) {
      this.#writer.entry({ ...this.#describe(item, name, 'hardlink'), link: first, xattrs: new Map() });
    } else {
      if (item.names > 1) this.#firstNames.set(item.inode, name);
      if (type === 'file') yield* this.#packFile(item, name);
      else this.#writer.entry(this.#describe(item, name, type));
    }
    yield* this.#pieces.take();
  }

  /** An empty file, which means something by its name alone. */
  *mark(path: string): Generator<Buffer> {
    const name = this.#nameOf(path, 'file');
    this.#writer.entry({ ...blank, name });
    yield* this.#pieces.take();
  }

  *finish(): Generator<Buffer> {
    this.#writer.finish();
    yield* this.#pieces.finish();
  }

  #nameOf(path: string, type: TarEntryType): Buffer {
    const whole = path === '' ? this.#prefix.slice(0, -1) : this.#prefix + path;
    const name = whole === '' ? '.' : whole;
    return Buffer.from(type === 'directory' ? `${name}/` : name, 'latin1');
  }

  #describe(item: Item, name: Buffer, type: TarEntryType): NewEntry {
    return {
      type,
      name,
      link: item.link,
      size: 0,
      mode: item.mode,
      ...ownedInside(item.path, item, this.#options.owner ?? 'keep'),
      mtime: this.#clamp(item.mtime),
      major: item.major,
      minor: item.minor,
    };
  }

  #clamp({ seconds, nanoseconds }: NewEntry['mtime']): NewEntry['mtime'] {
    if (seconds >= this.#newest) return { seconds: this.#newest, nanoseconds: 0 };
    return { seconds, nanoseconds: this.#options.times === 'whole-seconds' ? 0 : nanoseconds };
  }

  *#packFile(item: Item, name: Buffer): Generator<Buffer> {
    // Whoever put a FIFO there meanwhile must not make us wait for its other end.
    const fd = item.folder.openFile(item.name, ['rdonly', 'nonblock', 'nofollow']);
    try {
      refuseOther(fd, item);
      const { size } = item;
      const extents = extentsOf(fd, item);
      const entry = this.#describe(item, name, 'file');
      this.#writer.entry({ ...entry, size, ...(extents !== undefined && { extents }) });
      for (const extent of extents ?? [{ offset: 0, length: size }]) yield* this.#packExtent(fd, item, extent);
      this.#writer.end();
      refuseOther(fd, item);
    } finally {
      closeSync(fd);
    }
  }

  *#packExtent(fd: number, item: Item, { offset, length }: Extent): Generator<Buffer> {
    for (let at = 0; at < length; ) {
      const wanted = Math.min(length - at, this.#portion.length);
      const read = readOrSay(fd, this.#portion, wanted, offset + at, item);
      if (read === 0) throw changed(item.path);
      this.#writer.data(this.#portion.subarray(0, read));
      at += read;
      yield* this.#pieces.take();
    }
  }
}

const nothing = Buffer.alloc(0);
const blank: NewEntry = {
  type: 'file',
  name: nothing,
  link: nothing,
  size: 0,
  mode: 0o600,
  uid: 0,
  gid: 0,
  mtime: { seconds: 0, nanoseconds: 0 },
  major: 0,
  minor: 0,
  xattrs: new Map(),
};

/** The file must be the one that was looked at, and as it was then. */
function refuseOther(fd: number, { inode, size, mtime, path }: Item): void {
  const stats = fstatSync(fd, { bigint: true });
  const isSame =
    `${stats.dev}:${stats.ino}` === inode &&
    Number(stats.size) === size &&
    stats.mtimeNs === BigInt(mtime.seconds) * 1_000_000_000n + BigInt(mtime.nanoseconds);
  if (!isSame) throw changed(path);
}

function readOrSay(fd: number, into: Buffer, length: number, position: number, { path }: Item): number {
  try {
    return readSync(fd, into, 0, length, position);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function newest(epoch: PackOptions['sourceDateEpoch']): number {
  const { SOURCE_DATE_EPOCH } = process.env;
  const isSet = epoch !== 'environment' || SOURCE_DATE_EPOCH !== undefined;
  if (epoch === undefined || !isSet) return Number.POSITIVE_INFINITY;
  const seconds = epoch === 'environment' ? Number(SOURCE_DATE_EPOCH) : epoch;
  if (Number.isSafeInteger(seconds) && seconds >= 0) return seconds;
  const said = epoch === 'environment' ? `SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH}` : epoch;
  throw new UnionfsError('NAME_INVALID', `cannot take ${said} for a time: it has to be whole seconds after 1970`);
}

function prefixOf(prefix = ''): string {
  const parts = Buffer.from(prefix)
    .toString('latin1')
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  if (parts.some((part) => part === '..' || part.includes('\0') || part.startsWith('.wh.'))) {
    throw new UnionfsError('NAME_INVALID', `cannot put ${JSON.stringify(prefix)} before names: no entry may be there`);
  }
  return parts.map((part) => `${part}/`).join('');
}
