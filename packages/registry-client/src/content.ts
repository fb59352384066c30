import { Readable } from 'node:stream';
import { type BlobSource, type Descriptor, ImageLayout, ImageSpecError, Verifier } from '@estiba/image-spec';
import { RepositorySource } from './repository-source.ts';

/**
 * The bytes of a blob for an upload that may have to begin again, or go on, at any place. Reads that follow each other share
 * one stream of the source. The last piece is handed out only when size and digest have proved right: of wrong content a
 * registry never gets the whole.
 */
export class Content implements AsyncDisposable {
  readonly descriptor: Descriptor;
  readonly #source: BlobSource;
  readonly #signal: AbortSignal | undefined;
  readonly #verifier: Verifier;
  #reader: Reader | undefined;
  /** Who was the last to want a reader. */
  #latest: symbol | undefined;

  constructor(source: BlobSource, descriptor: Descriptor, signal?: AbortSignal) {
    this.descriptor = descriptor;
    this.#source = source;
    this.#signal = signal;
    this.#verifier = new Verifier(descriptor);
    if (descriptor.size === 0) this.#verifier.finish();
  }

  /** Whether nobody else has the memory of what is read: of sources that we do not know, it may be what they keep. */
  get isPrivate(): boolean {
    const known = this.#source instanceof RepositorySource || this.#source instanceof ImageLayout;
    return known && this.descriptor.data === undefined;
  }

  /** Rejects with SIZE_MISMATCH or DIGEST_MISMATCH where the source does not have what the descriptor says. */
  async *read(start: number, end: number): AsyncGenerator<Uint8Array> {
    // A registry may say that it has what it was never sent. It counts all the same: the digest is that of the whole.
    const counted = this.#verifier.size;
    if (start > counted) for await (const _ of this.read(counted, start));
    if (start >= end) return;
    const reader = await this.#readerAt(start);
    reader.busy = true;
    while (reader.position < end) {
      const chunk = await this.#next(reader);
      const piece = chunk.subarray(0, end - reader.position);
      reader.rest = piece.length < chunk.length ? chunk.subarray(piece.length) : undefined;
      this.#check(piece, reader.position);
      reader.position += piece.length;
      yield piece;
    }
    reader.busy = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#latest = undefined;
    await this.#close();
  }

  async #close(): Promise<void> {
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader === undefined) return;
    const closed = reader.chunks.return?.();
    // It would end only after the next chunk, which may never come.
    if (reader.waiting) closed?.catch(() => {});
    else await closed;
    // An iterator that never began does not close what it would have read.
    destroy(reader.stream);
  }

  async #readerAt(start: number): Promise<Reader> {
    const open = this.#reader;
    // One that was given up in the middle may still be waiting for its next chunk.
    if (open !== undefined && !open.busy && open.position === start) return open;
    const turn = Symbol();
    this.#latest = turn;
    await this.#close();
    const stream = await this.#open(start);
    // Who reads is told of a failure by the iterator. When nobody does any more, it is nobody's failure.
    if (stream instanceof Readable) stream.on('error', () => {});
    const chunks = stream[Symbol.asyncIterator]();
    if (this.#latest !== turn) {
      // Whoever wanted it did not wait, and nobody else would close it.
      destroy(stream);
      throw new Error(`cannot read ${this.descriptor.digest}: it was given up`);
    }
    this.#reader = { stream, chunks, position: start, rest: undefined, busy: false, waiting: false };
    return this.#reader;
  }

  async #open(start: number): Promise<AsyncIterable<Uint8Array>> {
    const { data } = this.descriptor;
    if (data !== undefined) return once(Buffer.from(data, 'base64').subarray(start));
    const options = { start, signal: this.#signal };
    // A stream in between would put pieces together, in new memory.
    if (this.#source instanceof RepositorySource) return this.#source.chunks(this.descriptor, options);
    return this.#source.blob(this.descriptor, options);
  }

  async #next(reader: Reader): Promise<Uint8Array> {
    if (reader.rest !== undefined) return reader.rest;
    reader.waiting = true;
    const { value, done } = await reader.chunks.next();
    reader.waiting = false;
    if (!done) return value;
    const { digest, size } = this.descriptor;
    throw new ImageSpecError(
      'SIZE_MISMATCH',
      `cannot send ${digest}: it ends after ${reader.position} of ${size} bytes`,
    );
  }

  /** Each byte counts once, however often it is read. */
  #check(piece: Uint8Array, start: number): void {
    const fresh = start + piece.length - this.#verifier.size;
    if (fresh <= 0) return;
    this.#verifier.update(piece.subarray(piece.length - fresh));
    if (this.#verifier.size === this.descriptor.size) this.#verifier.finish();
  }
}

interface Reader {
  readonly stream: AsyncIterable<Uint8Array>;
  readonly chunks: AsyncIterator<Uint8Array>;
  /** Of the next byte to hand out. */
  position: number;
  /** What came with the last chunk and was not wanted yet. */
  rest: Uint8Array | undefined;
  busy: boolean;
  /** For the next chunk. */
  waiting: boolean;
}

function destroy(stream: AsyncIterable<Uint8Array>): void {
  if (stream instanceof Readable) stream.destroy();
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
