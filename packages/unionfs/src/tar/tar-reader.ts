/**
 * Reads a tar archive that arrives in pieces of any size.
 *
 *     header block | content, filled up to whole blocks | header block | … | two blocks of zeros | anything
 *
 * Between header and content there may be the map of a sparse file. Nothing is kept but a block, an extended header or a map
 * that is not complete yet; content is handed on as it comes.
 */
import { UnionfsError } from '../unionfs-error.ts';
import { Announcements, longestExtendedHeader } from './announcements.ts';
import { complete, draft, type EntryDraft } from './entry-draft.ts';
import { Gathered } from './gathered.ts';
import { blockSize } from './header-layout.ts';
import { invalid } from './invalid.ts';
import { shown, type TarEntry } from './tar-entry.ts';
import { isZero, padding, readHeader, type TarHeader } from './tar-header.ts';

export interface TarHandler {
  /** A new entry; `data` follows until what is stored of it is complete, then `end`. */
  entry(entry: TarEntry): void;
  /** The bytes are the reader's: use them now. Of a sparse file they are those of its extents, back to back. */
  data(bytes: Buffer): void;
  end(): void;
  /** What fills the last block of that content, after `end`: zeros, if nobody hides anything there. */
  padding?(bytes: Buffer): void;
  /** Whether it has all that it can hold: the reader stops there. */
  readonly isFull?: boolean;
}

export class TarReader {
  readonly #handler: TarHandler;
  readonly #gathered = new Gathered(blockSize);
  /** What the bytes are that come next. */
  #state: 'header' | 'extended' | 'map' | 'content' | 'filling' | 'skipped' | 'padding' | 'ended' = 'header';
  #left = 0;
  /** Bytes of the archive up to here, and up to the chunk that is being read. */
  #passed = 0;
  #before = 0;
  #padding = 0;
  #extended: TarHeader | undefined;
  #draft: EntryDraft | undefined;
  /** The entry that was read last. */
  #name: Buffer | undefined;
  #zeros = 0;
  readonly #announced = new Announcements();

  constructor(handler: TarHandler) {
    this.#handler = handler;
  }

  /**
   * Returns how many bytes it has taken: all, at least one, or as many as until the handler was full. Throws a UnionfsError with
   * code LAYER_INVALID at the first byte that cannot be right.
   */
  push(chunk: Buffer): number {
    let at = 0;
    this.#before = this.#passed;
    while (at < chunk.length && this.#state !== 'ended') {
      const gathered = this.#state === 'header' || this.#state === 'extended' || this.#state === 'map';
      at = gathered ? this.#gather(chunk, at) : this.#pass(chunk, at);
      if (this.#handler.isFull) break;
    }
    const taken = this.#state === 'ended' ? chunk.length : at;
    this.#passed = this.#before + taken;
    return taken;
  }

  /**
   * To be called when there are no more bytes: an archive may end only between two entries. Some writers leave out the end
   * mark, and with it what fills the last block of the last entry.
   */
  finish(): void {
    if (this.#state === 'ended') return;
    const between =
      (this.#state === 'header' && this.#gathered.isEmpty) || this.#state === 'filling' || this.#state === 'padding';
    if (between && !this.#announced.pending) return;
    throw new UnionfsError('LAYER_INVALID', `cannot unpack the layer: it is cut off in ${this.#subject}`);
  }

  /** Content and what is left out go by without being gathered. */
  #pass(chunk: Buffer, from: number): number {
    const taken = Math.min(this.#left, chunk.length - from);
    if (this.#state === 'content') this.#handler.data(chunk.subarray(from, from + taken));
    else if (this.#state === 'filling') this.#handler.padding?.(chunk.subarray(from, from + taken));
    this.#left -= taken;
    if (this.#left === 0) {
      if (this.#state === 'content') this.#endContent();
      else if (this.#state === 'skipped') this.#fill(this.#padding);
      else this.#gatherNext('header', blockSize);
    }
    return from + taken;
  }

  #endContent(): void {
    this.#handler.end();
    this.#fill(this.#padding, 'filling');
  }

  #gather(chunk: Buffer, from: number): number {
    const to = this.#gathered.take(chunk, from);
    this.#passed = this.#before + to;
    const { whole } = this.#gathered;
    if (whole !== undefined) this.#complete(whole);
    return to;
  }

  #complete(bytes: Buffer): void {
    this.#gathered.expect(blockSize);
    if (this.#state === 'extended') this.#readExtended(Buffer.from(bytes));
    else if (this.#state === 'map') this.#readMap(bytes);
    else if (isZero(bytes)) this.#countZeros();
    else this.#readBlock(this.#headerOf(bytes));
  }

  /** After a lone block of zeros some readers stop, some go on, and some complain; nothing may be hidden from any. */
  #headerOf(block: Buffer): TarHeader {
    if (this.#zeros === 0) return readHeader(block);
    throw new UnionfsError(
      'LAYER_INVALID',
      `cannot unpack the layer: something follows the lone block of zeros behind ${this.#subject}`,
    );
  }

  /** Two of them end an archive. */
  #countZeros(): void {
    // What was said about an entry must not come to be about the one after it.
    if (this.#announced.pending) {
      throw new UnionfsError('LAYER_INVALID', `cannot unpack the layer: zeros follow ${this.#subject}`);
    }
    this.#zeros += 1;
    if (this.#zeros === 2) this.#state = 'ended';
  }

  #readBlock(header: TarHeader): void {
    this.#name = header.name;
    if (header.size < 0) throw invalid(header, `its size is ${header.size}`);
    if (Announcements.has(header.flag)) {
      if (header.size > longestExtendedHeader) throw invalid(header, `its extended header has ${header.size} bytes`);
      this.#extended = header;
      if (header.size === 0) this.#readExtended(Buffer.alloc(0));
      else this.#gatherNext('extended', header.size);
    } else if (header.flag === 'V') {
      // The label of a tape.
      this.#skip(header.size);
    } else {
      this.#readEntry(header);
    }
  }

  #readExtended(body: Buffer): void {
    this.#announced.add((this.#extended as TarHeader).flag, body);
    this.#fill(padding(body.length));
  }

  #readEntry(header: TarHeader): void {
    this.#draft = draft(header, this.#announced);
    this.#name = this.#draft.name;
    this.#announced.forget();
    this.#expectContent(this.#draft);
  }

  #readMap(block: Buffer): void {
    const entry = this.#draft as EntryDraft;
    entry.sparse?.read(block);
    this.#expectContent(entry);
  }

  #expectContent(known: EntryDraft): void {
    if (known.sparse?.more) {
      this.#gatherNext('map', blockSize);
      return;
    }
    const entry = complete(known, this.#passed);
    this.#handler.entry(entry);
    if (known.skipped > 0) {
      this.#handler.end();
      this.#skip(known.skipped);
      return;
    }
    this.#state = 'content';
    this.#left = entry.stored;
    this.#padding = padding(entry.stored);
    if (entry.stored === 0) this.#endContent();
  }

  get #subject(): string {
    return this.#name === undefined ? 'its first header' : `the entry ${shown(this.#name)}`;
  }

  #skip(bytes: number): void {
    this.#state = 'skipped';
    this.#left = bytes;
    this.#padding = padding(bytes);
    if (bytes === 0) this.#fill(0);
  }

  #fill(bytes: number, state: 'filling' | 'padding' = 'padding'): void {
    this.#state = state;
    this.#left = bytes;
    if (bytes === 0) this.#gatherNext('header', blockSize);
  }

  #gatherNext(state: 'header' | 'extended' | 'map', bytes: number): void {
    this.#state = state;
    this.#gathered.expect(bytes);
  }
}
