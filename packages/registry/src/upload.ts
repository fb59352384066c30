import { randomUUID } from 'node:crypto';
import type { Digest } from '@estiba/image-spec';
import { type Exchange, received } from './exchange.ts';
import { Refusal } from './refusal.ts';
import type { Storage, StorageWriter } from './storage.ts';

/** One blob on its way in. Its requests are served one after the other. */
export class Upload {
  readonly id: string = randomUUID();
  readonly name: string;
  readonly #storage: Storage;
  readonly #bounds: { readonly maxBlobBytes: number; readonly minChunkBytes: number };
  #writer: StorageWriter | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #lastChunk: number | undefined;
  #lastUse = Date.now();
  #aborted = false;

  constructor(name: string, storage: Storage, bounds: { maxBlobBytes: number; minChunkBytes: number }) {
    this.name = name;
    this.#storage = storage;
    this.#bounds = bounds;
  }

  /** In bytes, so far. */
  get size(): number {
    return this.#writer?.size ?? 0;
  }

  /** Milliseconds since anybody has asked for it. */
  get idle(): number {
    return Date.now() - this.#lastUse;
  }

  use(): void {
    this.#lastUse = Date.now();
  }

  /** Takes the body of a request. What of it had come when the connection broke is kept. */
  append(exchange: Exchange, digest?: Digest): Promise<void> {
    const turn = this.#turn.then(() => this.#receive(exchange, digest));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async commit(digest: Digest): Promise<void> {
    this.#writer ??= await this.#storage.writer(digest);
    await this.#writer.commit(digest);
  }

  async abort(): Promise<void> {
    this.#aborted = true;
    await this.#writer?.abort();
  }

  /** Once nothing more comes, as its connections are closed. */
  async end(): Promise<void> {
    await this.abort();
    await this.#turn;
  }

  async #receive(exchange: Exchange, digest: Digest | undefined): Promise<void> {
    const chunk = this.#checkChunk(exchange);
    this.#writer ??= await this.#storage.writer(digest);
    const writer = this.#writer;
    // It came while this was made.
    if (this.#aborted) await writer.abort();
    for await (const piece of received(exchange)) {
      if (this.#aborted) throw new Refusal(404, 'BLOB_UPLOAD_UNKNOWN', 'the upload was cancelled');
      if (writer.size + piece.length > this.#bounds.maxBlobBytes) throw tooLarge(this.#bounds.maxBlobBytes);
      await writer.write(piece);
      this.use();
    }
    if (chunk !== undefined) this.#lastChunk = chunk;
  }

  /** The length of the chunk, where the request is one. `Content-Range: 0-99`, without a unit, unlike RFC 9110's. */
  #checkChunk({ request: { headers } }: Exchange): number | undefined {
    const length = headers['content-length'];
    if (this.size + Number(length ?? 0) > this.#bounds.maxBlobBytes) throw tooLarge(this.#bounds.maxBlobBytes);
    const range = headers['content-range'];
    if (range === undefined) return undefined;
    const [, first = '', last = ''] = /^(\d+)-(\d+)$/.exec(range) ?? [];
    if (first === '') throw new Refusal(400, 'BLOB_UPLOAD_INVALID', 'a chunk has a Content-Range such as 0-99');
    if (Number(first) !== this.size) throw new Refusal(416, 'BLOB_UPLOAD_INVALID', `the next byte is ${this.size}`);
    const size = Number(last) - Number(first) + 1;
    if (size < 1 || (length !== undefined && Number(length) !== size)) {
      throw new Refusal(400, 'SIZE_INVALID', `a chunk of ${range} has not ${length} bytes`);
    }
    if (this.#lastChunk !== undefined && this.#lastChunk < this.#bounds.minChunkBytes) {
      const why = `only the last chunk may have less than ${this.#bounds.minChunkBytes} bytes`;
      throw new Refusal(400, 'SIZE_INVALID', why);
    }
    return size;
  }
}

function tooLarge(most: number): Refusal {
  return new Refusal(413, 'SIZE_INVALID', `a blob has at most ${most} bytes here`);
}
