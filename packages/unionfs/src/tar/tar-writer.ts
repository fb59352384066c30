/**
 * Writes a tar archive, the counterpart of TarReader: the same entries make the same bytes, on every machine.
 *
 *     extended header, where one is needed | header block | map of a sparse file | content | zeros to a whole block | …
 */
import { UnionfsError } from '../unionfs-error.ts';
import { blockSize } from './header-layout.ts';
import { isAscii, type NewEntry, paxBody, recordsFor } from './pax-writer.ts';
import { shown, type TarEntryType } from './tar-entry.ts';
import { padding } from './tar-header.ts';
import { largestLarge, largestSmall, nameLength, splitName, ustarBlock } from './ustar-block.ts';

export type { NewEntry } from './pax-writer.ts';

export class TarWriter {
  readonly #write: (bytes: Buffer) => void;
  #name: Buffer = empty;
  /** Content that is still to come for the entry, and the zeros behind it. */
  #left = 0;
  #padding = 0;

  /** The archive goes to this function, which has to use the bytes of each call at once. */
  constructor(write: (bytes: Buffer) => void) {
    this.#write = write;
  }

  /** Of a sparse file `data` takes what lies in its extents, back to back. Throws a UnionfsError for what no archive can say. */
  entry(entry: NewEntry): void {
    refuseUnwritable(entry);
    this.#complete();
    const map = entry.extents === undefined ? empty : sparseMap(entry);
    const content = contentLength(entry);
    const stored = map.length + content;
    const records = recordsFor(entry, stored);
    if (records.size > 0) this.#extended(entry, paxBody(records));
    this.#write(headerBlock(entry, stored));
    if (map.length > 0) this.#write(map);
    this.#name = entry.name;
    this.#left = content;
    this.#padding = padding(stored);
  }

  data(bytes: Buffer): void {
    this.#left -= bytes.length;
    if (this.#left < 0) throw new RangeError(`${shown(this.#name)} has more content than its entry says`);
    this.#write(bytes);
  }

  end(): void {
    this.#complete();
    if (this.#padding > 0) this.#write(zeros.subarray(0, this.#padding));
    this.#padding = 0;
  }

  /** The end of the archive: two blocks of zeros. */
  finish(): void {
    this.#complete();
    this.#write(zeros);
  }

  #complete(): void {
    if (this.#left !== 0) throw new RangeError(`${shown(this.#name)} lacks ${this.#left} bytes of its content`);
  }

  #extended(entry: NewEntry, body: Buffer): void {
    const name = Buffer.concat([Buffer.from('PaxHeaders.0/'), plain(baseName(entry.name))]).subarray(0, nameLength);
    this.#write(ustarBlock({ ...blank, flag: 'x', name, mode: 0o644, size: body.length }));
    this.#write(body);
    const rest = padding(body.length);
    if (rest > 0) this.#write(zeros.subarray(0, rest));
  }
}

const empty = Buffer.alloc(0);
const zeros = Buffer.alloc(2 * blockSize);
const blank = { link: empty, uid: 0, gid: 0, mtime: 0, major: 0, minor: 0 };
const flags: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

/** What the extended header says goes before what stands here: for readers that know none it is the nearest that fits. */
function headerBlock(entry: NewEntry, stored: number): Buffer {
  const { extents, name, link, mtime } = entry;
  const written = extents === undefined ? name : Buffer.concat([Buffer.from('GNUSparseFile.0/'), baseName(name)]);
  return ustarBlock({
    flag: flags[entry.type],
    name: isAscii(written) && splitName(written) !== undefined ? written : plain(written).subarray(0, nameLength),
    link: plain(link).subarray(0, nameLength),
    size: stored > largestLarge ? 0 : stored,
    mode: entry.mode,
    uid: entry.uid > largestSmall ? 0 : entry.uid,
    gid: entry.gid > largestSmall ? 0 : entry.gid,
    mtime: mtime.seconds < 0 || mtime.seconds > largestLarge ? 0 : mtime.seconds,
    major: entry.major,
    minor: entry.minor,
  });
}

function refuseUnwritable({ name, link, mode, size, type, major, minor }: NewEntry): void {
  const why =
    name.length === 0 || name.includes(0) || link.includes(0)
      ? 'names are not empty and have no NULs'
      : mode > 0o7777
        ? `its mode is ${mode.toString(8)}`
        : size > 0 && type !== 'file'
          ? 'only files have content'
          : major > largestSmall || minor > largestSmall
            ? `its device is ${major}:${minor}`
            : undefined;
  if (why === undefined) return;
  throw new UnionfsError('TREE_UNSUPPORTED', `cannot write ${shown(name)} into a tar archive: ${why}`, {
    entry: name.toString(),
  });
}

/** GNU tar takes the size from a last part that is empty where the file ends with a hole. */
function sparseMap({ extents = [], size }: NewEntry): Buffer {
  const last = extents.at(-1);
  const parts =
    last !== undefined && last.offset + last.length === size ? extents : [...extents, { offset: size, length: 0 }];
  const lines = Buffer.from(`${parts.length}\n${parts.map(({ offset, length }) => `${offset}\n${length}\n`).join('')}`);
  return Buffer.concat([lines, zeros.subarray(0, padding(lines.length))]);
}

function contentLength({ type, size, extents }: NewEntry): number {
  if (type !== 'file') return 0;
  return extents === undefined ? size : extents.reduce((sum, { length }) => sum + length, 0);
}

function baseName(name: Buffer): Buffer {
  const end = name.at(-1) === 0x2f ? name.length - 1 : name.length;
  return name.subarray(name.lastIndexOf(0x2f, end - 1) + 1, end);
}

/** With an underscore for every byte that is not ASCII. */
function plain(name: Buffer): Buffer {
  return Buffer.from(name.map((byte) => (byte > 0x7e || byte < 0x20 ? 0x5f : byte)));
}
