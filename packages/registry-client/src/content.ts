import { type BlobSource, type Descriptor, ImageSpecError, Verifier } from '@estiba/image-spec';

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

  constructor(source: BlobSource, descriptor: Descriptor, signal?: AbortSignal) {
    this.descriptor = descriptor;
    this.#source = source;
    this.#signal = signal;
    this.#verifier = new Verifier(descriptor);
    if (descriptor.size === 0) this.#verifier.finish();
  }

  /** Rejects with SIZE_MISMATCH or DIGEST_MISMATCH where the source does not have what the descriptor says. */
  async *read(start: number, end: number): AsyncGenerator<Uint8Array> {
    // A registry may say that it has what it was never sent. It counts all the same: the digest is that of the whole.
    const counted = this.#verifier.size;
    if (start > counted) for await (const _ of this.read(counted, start));
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
    const reader = this.#reader;
    this.#reader = undefined;
    await reader?.chunks.return?.();
  }

  async #readerAt(start: number): Promise<Reader> {
    const open = this.#reader;
    // One that was given up in the middle may still be waiting for its next chunk.
    if (open !== undefined && !open.busy && open.position === start) return open;
    await this[Symbol.asyncDispose]();
    const stream: AsyncIterable<Uint8Array> =
      this.descriptor.data === undefined
        ? await this.#source.blob(this.descriptor, { start, signal: this.#signal })
        : once(Buffer.from(this.descriptor.data, 'base64').subarray(start));
    this.#reader = { chunks: stream[Symbol.asyncIterator](), position: start, rest: undefined, busy: false };
    return this.#reader;
  }

  async #next(reader: Reader): Promise<Uint8Array> {
    if (reader.rest !== undefined) return reader.rest;
    const { value, done } = await reader.chunks.next();
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
  readonly chunks: AsyncIterator<Uint8Array>;
  /** Of the next byte to hand out. */
  position: number;
  /** What came with the last chunk and was not wanted yet. */
  rest: Uint8Array | undefined;
  busy: boolean;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
