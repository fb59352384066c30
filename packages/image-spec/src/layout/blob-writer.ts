import { renameSync } from 'node:fs';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Digest } from '../digest.ts';
import { type Expected, Verifier } from '../verifier.ts';
import { followFile } from './follow.ts';
import { ingestDirectory } from './ingest.ts';
import { ownedName } from './owner.ts';

const flushAt = 1024 * 1024;
const fullAt = 8 * 1024 * 1024;

export interface BlobWriterOptions {
  /** The layout directory. */
  readonly layout: string;
  readonly expect: Expected;
  readonly pathOf: (digest: Digest) => string;
  readonly fsync: boolean;
}

/**
 * One blob on its way into a layout.
 *
 *     write, write, write ──> .ingest/<owner> ──commit: size, digest, fsync, rename──> blobs/sha256/<digest>
 *                                   └── follow: reads along, and ends only after commit
 *
 * The file only ever grows, and every byte in it has been counted and hashed: whoever follows it has seen exactly the bytes
 * that `commit` judges. Disposing of a writer that was not committed removes the file.
 */
export class BlobWriter implements AsyncDisposable {
  readonly #options: BlobWriterOptions;
  readonly #file: FileHandle;
  readonly #verifier: Verifier;
  readonly #waiting = new Set<() => void>();
  #path: string;
  #state: 'writing' | 'committed' | 'failed' = 'writing';
  #failure: unknown;
  #cleaned = false;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  /** Of these, whose memory is ours. */
  #transferred: Uint8Array[] = [];
  #written = 0;
  #flushing: Promise<void> | undefined;

  private constructor(options: BlobWriterOptions, file: FileHandle, path: string) {
    this.#options = options;
    this.#file = file;
    this.#path = path;
    this.#verifier = new Verifier(options.expect);
  }

  static async open(options: BlobWriterOptions): Promise<BlobWriter> {
    const path = join(ingestDirectory(options.layout), ownedName());
    return new BlobWriter(options, await open(path, 'wx'), path);
  }

  /** How many bytes have been taken. */
  get size(): number {
    return this.#verifier.size;
  }

  /**
   * Takes the next bytes, which must not change afterwards. Where it returns a promise, wait for it before writing more.
   * Throws SIZE_MISMATCH as soon as there are too many. With `transfer` the memory is given away, as by postMessage(): a
   * chunk that has an ArrayBuffer of its own is empty as soon as it is in the file.
   */
  write(chunk: Uint8Array, { transfer = false }: { readonly transfer?: boolean } = {}): Promise<void> | undefined {
    if (this.#state !== 'writing')
      throw this.#failure ?? new Error(`cannot write to ${this.#path}: the blob is ${this.#state}`);
    this.#verifier.update(chunk);
    this.#pending.push(chunk);
    if (transfer) this.#transferred.push(chunk);
    this.#pendingBytes += chunk.length;
    if (this.#pendingBytes >= flushAt) this.#startFlush(flushAt);
    return this.#pendingBytes >= fullAt ? this.#flushing : undefined;
  }

  /**
   * Makes the blob appear under its digest. Throws SIZE_MISMATCH or DIGEST_MISMATCH, and then it does not appear.
   * `expected` is what was not known when the writer was opened.
   */
  async commit(expected: Expected = {}): Promise<{ digest: Digest; size: number }> {
    await this.#flushing;
    this.#startFlush(1);
    await this.#flushing;
    try {
      if (this.#state !== 'writing') throw this.#failure;
      const result = this.#verifier.finish(expected);
      if (this.#options.fsync) await this.#file.datasync();
      await this.#file.close();
      const target = this.#options.pathOf(result.digest);
      await mkdir(dirname(target), { recursive: true });
      // Synchronously, so that a follower finds the file either here or there.
      renameSync(this.#path, target);
      this.#path = target;
      this.#state = 'committed';
      this.#wake();
      return result;
    } catch (error) {
      await this.abort(error);
      throw error;
    }
  }

  /** Gives up. Followers fail with the reason. Does nothing to a blob that was committed. */
  async abort(reason: unknown): Promise<void> {
    this.#fail(reason);
    await this.#flushing;
    if (this.#state === 'committed' || this.#cleaned) return;
    this.#cleaned = true;
    await this.#file.close();
    await rm(this.#path, { force: true });
  }

  /**
   * The blob from its first byte, while it is being written. The stream *ends* only after the blob has been verified and
   * committed; if it proves wrong, or is given up, the stream fails. What is made of it must not count before its end.
   */
  follow(): Readable {
    return followFile(
      () => ({ path: this.#path, state: this.#state, failure: this.#failure, written: this.#written }),
      this.#waiting,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abort(new Error(`cannot finish ${this.#path}: the writer was disposed of before commit`));
  }

  #startFlush(least: number): void {
    this.#flushing ??= this.#flush(least)
      .catch((error) => this.#fail(error))
      .finally(() => {
        this.#flushing = undefined;
      });
  }

  async #flush(least: number): Promise<void> {
    while (this.#pendingBytes >= least && this.#state === 'writing') {
      const chunks = this.#pending;
      const end = this.#written + this.#pendingBytes;
      const transferred = this.#transferred;
      this.#pending = [];
      this.#transferred = [];
      this.#pendingBytes = 0;
      await writeAll(this.#file, chunks, this.#written);
      this.#written = end;
      for (const chunk of transferred) release(chunk);
      this.#wake();
    }
  }

  #fail(reason: unknown): void {
    if (this.#state !== 'writing') return;
    this.#failure = reason;
    this.#state = 'failed';
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}

/**
 * Now, not by the next collection: what lies outside of the heap makes collections frequent, and a download of a hundred
 * megabytes spends a quarter of its time in them.
 */
function release({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached && buffer.byteLength === byteLength) buffer.transfer(0);
}

async function writeAll(file: FileHandle, chunks: Uint8Array[], position: number): Promise<void> {
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const { bytesWritten } = await file.writev(chunks, position);
  if (bytesWritten < total)
    await writeAll(file, [Buffer.concat(chunks).subarray(bytesWritten)], position + bytesWritten);
}
