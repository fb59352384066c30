/**
 * Reads a tar archive that arrives in pieces of any size.
 *
 *     header block | content, filled up to whole blocks | header block | … | two blocks of zeros | anything
 *
 * Nothing is kept but a header or an extended header that is not complete yet; content is handed on as it comes.
 */
import { UnionfsError } from '../unionfs-error.ts';
import { noOverrides, type PaxOverrides, readOverrides } from './pax-overrides.ts';
import { type PaxRecords, parsePaxRecords } from './pax-records.ts';
import { shown, type TarEntry } from './tar-entry.ts';
import { typeOf } from './tar-entry-type.ts';
import { blockSize, isZero, readHeader, type TarHeader } from './tar-header.ts';

export interface TarHandler {
  /** A new entry; `data` follows until its size is reached, then `end`. */
  entry(entry: TarEntry): void;
  /** The bytes are the reader's: use them now. */
  data(bytes: Buffer): void;
  end(): void;
}

/** Enough for the longest path and for all the attributes that Linux lets a file have. xattr(7) */
const longestExtendedHeader = 1024 * 1024;

export class TarReader {
  readonly #handler: TarHandler;
  /** The part of a block or extended header that has arrived. */
  #pending: Buffer = Buffer.allocUnsafe(blockSize);
  #arrived = 0;
  #wanted = blockSize;
  /** What the bytes are that come next. */
  #state: 'header' | 'extended' | 'content' | 'label' | 'padding' | 'ended' = 'header';
  #left = 0;
  #padding = 0;
  #extended: TarHeader | undefined;
  #subject = 'its first header';
  #zeros = 0;
  #global: PaxRecords = new Map();
  #own: PaxRecords = new Map();
  #longName: Buffer | undefined;
  #longLink: Buffer | undefined;

  constructor(handler: TarHandler) {
    this.#handler = handler;
  }

  /** Throws a UnionfsError with code LAYER_INVALID at the first byte that cannot be right. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && this.#state !== 'ended') {
      if (['content', 'label', 'padding'].includes(this.#state)) at = this.#pass(chunk, at);
      else at = this.#gather(chunk, at);
    }
  }

  /**
   * To be called when there are no more bytes: an archive may end only between two entries. Some writers leave out the end
   * mark, and with it what fills the last block of the last entry.
   */
  finish(): void {
    if (this.#state === 'ended') return;
    const between = (this.#state === 'header' && this.#arrived === 0) || this.#state === 'padding';
    if (between && !this.#announced()) return;
    throw new UnionfsError('LAYER_INVALID', `cannot unpack the layer: it is cut off in ${this.#subject}`);
  }

  #announced(): boolean {
    return this.#own.size > 0 || this.#longName !== undefined || this.#longLink !== undefined;
  }

  /** Content and what is left out go by without being gathered. */
  #pass(chunk: Buffer, from: number): number {
    const taken = Math.min(this.#left, chunk.length - from);
    if (this.#state === 'content') this.#handler.data(chunk.subarray(from, from + taken));
    this.#left -= taken;
    if (this.#left === 0) {
      if (this.#state === 'content') this.#endContent();
      else if (this.#state === 'label') this.#skip(this.#padding);
      else this.#gatherNext('header', blockSize);
    }
    return from + taken;
  }

  #endContent(): void {
    this.#handler.end();
    this.#skip(this.#padding);
  }

  #gather(chunk: Buffer, from: number): number {
    const missing = this.#wanted - this.#arrived;
    const taken = Math.min(missing, chunk.length - from);
    if (this.#arrived === 0 && taken === missing) {
      // What lies in the chunk as a whole is read where it is.
      this.#complete(chunk.subarray(from, from + taken));
    } else {
      chunk.copy(this.#pending, this.#arrived, from, from + taken);
      this.#arrived += taken;
      if (taken === missing) this.#complete(this.#pending.subarray(0, this.#wanted));
    }
    return from + taken;
  }

  #complete(bytes: Buffer): void {
    this.#arrived = 0;
    if (this.#state === 'extended') this.#readExtended(Buffer.from(bytes));
    else if (isZero(bytes)) this.#countZeros();
    else {
      this.#zeros = 0;
      this.#readBlock(readHeader(bytes));
    }
  }

  /** Two blocks of zeros end an archive; GNU tar goes on after a lone one, and so do we. */
  #countZeros(): void {
    this.#zeros += 1;
    if (this.#zeros === 2) this.#state = 'ended';
  }

  #readBlock(header: TarHeader): void {
    this.#subject = `the entry ${shown(header.name)}`;
    if (header.size < 0) throw invalid(header.name, `its size is ${header.size}`);
    if ('xgXLK'.includes(header.flag)) {
      if (header.size > longestExtendedHeader)
        throw invalid(header.name, `its extended header has ${header.size} bytes`);
      this.#extended = header;
      if (header.size === 0) this.#readExtended(Buffer.alloc(0));
      else this.#gatherNext('extended', header.size);
    } else if (header.flag === 'V') {
      // Of a tape.
      this.#state = 'label';
      this.#left = header.size;
      this.#padding = padding(header.size);
      if (header.size === 0) this.#skip(0);
    } else {
      this.#readEntry(header);
    }
  }

  #readExtended(body: Buffer): void {
    const header = this.#extended as TarHeader;
    if (header.flag === 'L') this.#longName = untilNul(body);
    else if (header.flag === 'K') this.#longLink = untilNul(body);
    else if (header.flag === 'g') for (const [key, value] of parsePaxRecords(body)) this.#global.set(key, value);
    else this.#own = parsePaxRecords(body);
    this.#skip(padding(body.length));
  }

  #readEntry(header: TarHeader): void {
    const over = this.#overrides();
    const name = over.path ?? this.#longName ?? header.name;
    this.#subject = `the entry ${shown(name)}`;
    const link = over.link ?? this.#longLink ?? header.link;
    const type = typeOf(header.flag, name);
    const size = over.size ?? header.size;
    const content = type === 'file' ? size : 0;
    this.#forget();
    this.#handler.entry({
      type,
      name,
      link,
      size: content,
      mode: header.mode,
      uid: id(over.uid ?? header.uid, name, 'user'),
      gid: id(over.gid ?? header.gid, name, 'group'),
      mtime: over.mtime ?? { seconds: header.mtime, nanoseconds: 0 },
      major: header.major,
      minor: header.minor,
      xattrs: over.xattrs,
    });
    this.#state = 'content';
    this.#left = content;
    this.#padding = padding(content);
    if (content === 0) this.#endContent();
  }

  #overrides(): PaxOverrides {
    return this.#global.size === 0 && this.#own.size === 0 ? noOverrides : readOverrides(this.#global, this.#own);
  }

  #forget(): void {
    if (this.#own.size > 0) this.#own = new Map();
    this.#longName = undefined;
    this.#longLink = undefined;
  }

  #skip(bytes: number): void {
    this.#state = 'padding';
    this.#left = bytes;
    if (bytes === 0) this.#gatherNext('header', blockSize);
  }

  #gatherNext(state: 'header' | 'extended', bytes: number): void {
    this.#state = state;
    this.#wanted = bytes;
    if (this.#pending.length < bytes) this.#pending = Buffer.allocUnsafe(bytes);
  }
}

function padding(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}

function untilNul(body: Buffer): Buffer {
  const end = body.indexOf(0);
  return end === -1 ? body : body.subarray(0, end);
}

/** The largest id stands for "none" to the kernel. credentials(7) */
function id(value: number, name: Buffer, what: string): number {
  if (value < 0 || value >= 0xffffffff) throw invalid(name, `its ${what} id is ${value}`);
  return value;
}

function invalid(name: Buffer, why: string): UnionfsError {
  return new UnionfsError('LAYER_INVALID', `cannot unpack ${shown(name)}: ${why}`, { entry: name.toString() });
}
