import { renameSync } from 'node:fs';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Digest } from '../digest.ts';
import { ImageSpecError, type ImageSpecErrorCode } from '../error.ts';
import { type Expected, Verifier } from '../verifier.ts';
import { AppendedFile } from './appended-file.ts';
import { followFile } from './follow.ts';
import type { Lease } from './lease.ts';
import type { Lock } from './lock.ts';
import { ownedName } from './owner.ts';
import { blobPath, ingestDirectory } from './places.ts';

const once = { flushAt: 1024 * 1024, fullAt: 8 * 1024 * 1024 };
// What is in the file outlives this process; what is on its way has to be fetched again, and is to be less than 1 MiB: what it
// takes to be full, the chunk that comes on top, and as much again that the connection has read meanwhile, 192 KiB each.
const resumable = { flushAt: 288 * 1024, fullAt: 576 * 1024 };

export interface BlobWriterOptions {
  /** The layout directory. */
  readonly layout: string;
  readonly expect: Expected;
  readonly fsync: boolean;
  /** Gets the digest before the blob has its name. */
  readonly lease?: Pick<Lease, 'add'> | undefined;
}

/** What an earlier writer left: all that is in the file has been hashed. */
export interface Part {
  readonly file: FileHandle;
  readonly path: string;
  readonly verifier: Verifier;
  readonly lock?: Lock;
}

/**
 * One blob on its way into a layout.
 *
 *     write, write, write ──> .ingest/<file> ──commit: size, digest, fsync, rename──> blobs/sha256/<digest>
 *                                   └── follow: reads along, and ends only after commit
 *
 * The file only ever grows, and every byte in it has been counted and hashed: whoever follows it has seen exactly the bytes
 * that `commit` judges. Disposing of a writer that was not committed removes the file, except one of `ingest`: that file
 * stays for whoever goes on, unless the content has proved wrong.
 */
export class BlobWriter implements AsyncDisposable {
  readonly #options: BlobWriterOptions;
  readonly #file: FileHandle;
  readonly #appended: AppendedFile;
  readonly #verifier: Verifier;
  readonly #lock: Lock | undefined;
  readonly #waiting = new Set<() => void>();
  #path: string;
  #state: 'writing' | 'committed' | 'failed' = 'writing';
  #failure: unknown;
  #isWrong = false;
  #cleaned = false;

  private constructor(options: BlobWriterOptions, { file, path, verifier, lock }: Part) {
    this.#options = options;
    this.#file = file;
    this.#path = path;
    this.#verifier = verifier;
    this.#lock = lock;
    this.#appended = new AppendedFile({
      file,
      written: verifier.size,
      ...(lock === undefined ? once : resumable),
      onWritten: () => this.#wake(),
      onFailure: (error) => this.#fail(error),
    });
  }

  static async open(options: BlobWriterOptions): Promise<BlobWriter> {
    const path = join(ingestDirectory(options.layout), ownedName());
    return new BlobWriter(options, { file: await open(path, 'wx'), path, verifier: new Verifier(options.expect) });
  }

  static resume(options: BlobWriterOptions, part: Part): BlobWriter {
    return new BlobWriter(options, part);
  }

  /** How many bytes have been taken, those of an earlier writer included. */
  get size(): number {
    return this.#verifier.size;
  }

  /**
   * Takes the next bytes, which must not change afterwards. Where it returns a promise, wait for it before writing more.
   * Throws SIZE_MISMATCH as soon as there are too many. With `transfer` the memory is given away, as by postMessage(): a
   * chunk that has an ArrayBuffer of its own is empty as soon as it is in the file.
   */
  write(chunk: Uint8Array, { transfer = false }: { readonly transfer?: boolean } = {}): Promise<void> | undefined {
    this.#throwUnlessWriting();
    // There is more than was announced.
    this.#judge(() => this.#verifier.update(chunk), 'SIZE_MISMATCH');
    return this.#appended.append(chunk, transfer);
  }

  /**
   * Makes the blob appear under its digest. Throws SIZE_MISMATCH or DIGEST_MISMATCH, and then it does not appear; LOCK_LOST
   * when another process has taken the blob over, after this one stood still for long.
   * `expected` is what was not known when the writer was opened.
   */
  async commit(expected: Expected = {}): Promise<{ digest: Digest; size: number }> {
    await this.#appended.flush();
    try {
      this.#throwUnlessWriting();
      // What merely ends too early may still go on.
      const result = this.#judge(() => this.#verifier.finish(expected), 'DIGEST_MISMATCH');
      await this.#options.lease?.add(result.digest);
      if (this.#options.fsync) await this.#file.datasync();
      await this.#file.close();
      const target = blobPath(this.#options.layout, result.digest);
      await mkdir(dirname(target), { recursive: true });
      // Somebody may have given it up meanwhile.
      this.#throwUnlessWriting();
      if (this.#lock?.isHeld() === false) throw lost(result.digest);
      // Synchronously, so that a follower finds the file either here or there.
      renameSync(this.#path, target);
      this.#path = target;
      this.#state = 'committed';
      this.#wake();
      await this.#lock?.[Symbol.asyncDispose]();
      return result;
    } catch (error) {
      await this.abort(error);
      // Given up meanwhile, it fails with what it was given up for, not with a closed file.
      throw this.#state === 'failed' ? this.#failure : error;
    }
  }

  /** Gives up. Followers fail with the reason. Does nothing to a blob that was committed. */
  async abort(reason: unknown): Promise<void> {
    const others = this.#lock !== undefined && !this.#isWrong;
    if (others) await this.#appended.flush();
    this.#fail(reason);
    await this.#appended.stop();
    if (this.#state === 'committed' || this.#cleaned) return;
    this.#cleaned = true;
    await this.#file.close();
    const stays = (others && this.#appended.written > 0) || this.#lock?.isHeld() === false;
    if (!stays) await rm(this.#path, { force: true });
    await this.#lock?.[Symbol.asyncDispose]();
  }

  /**
   * The blob from its first byte, while it is being written. The stream *ends* only after the blob has been verified and
   * committed; if it proves wrong, or is given up, the stream fails. What is made of it must not count before its end.
   */
  follow(): Readable {
    return followFile(
      () => ({ path: this.#path, state: this.#state, failure: this.#failure, written: this.#appended.written }),
      this.#waiting,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abort(new Error(`cannot finish ${this.#path}: the writer was disposed of before commit`));
  }

  /** `wrong` is the error after which nobody needs to go on. */
  #judge<T>(check: () => T, wrong: ImageSpecErrorCode): T {
    try {
      return check();
    } catch (error) {
      this.#isWrong ||= error instanceof ImageSpecError && error.code === wrong;
      throw error;
    }
  }

  #throwUnlessWriting(): void {
    if (this.#state === 'writing') return;
    throw this.#failure ?? new Error(`cannot write to ${this.#path}: the blob is ${this.#state}`);
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

function lost(digest: Digest): ImageSpecError {
  const why = 'another process has taken it over, because this one showed no sign of life';
  return new ImageSpecError('LOCK_LOST', `cannot finish ${digest}: ${why}`);
}
