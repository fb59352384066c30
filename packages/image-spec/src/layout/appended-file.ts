import type { FileHandle } from 'node:fs/promises';

/** Bytes in memory. */
export interface Thresholds {
  /** From here on the file is written. */
  readonly flushAt: number;
  /** From here on, those included that are being written, whoever appends has to wait until these are. */
  readonly fullAt: number;
}

export interface AppendedFileOptions extends Thresholds {
  readonly file: FileHandle;
  /** Bytes that are in the file already. */
  readonly written: number;
  readonly onWritten: () => void;
  readonly onFailure: (error: unknown) => void;
}

/** A file that only ever grows, by few large writes while more arrives. */
export class AppendedFile {
  readonly #options: AppendedFileOptions;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  /** Of these, whose memory is ours. */
  #transferred: Uint8Array[] = [];
  #written: number;
  /** Bytes of the write that goes on. */
  #inFlight = 0;
  #writing: Promise<void> | undefined;
  #flushing: Promise<void> | undefined;
  #stopped = false;

  constructor(options: AppendedFileOptions) {
    this.#options = options;
    this.#written = options.written;
  }

  /** Bytes that can be read from the file. */
  get written(): number {
    return this.#written;
  }

  append(chunk: Uint8Array, transfer: boolean): Promise<void> | undefined {
    const { flushAt, fullAt } = this.#options;
    this.#pending.push(chunk);
    if (transfer) this.#transferred.push(chunk);
    this.#pendingBytes += chunk.length;
    if (this.#pendingBytes >= flushAt) this.#startFlush(flushAt);
    return this.#inFlight + this.#pendingBytes >= fullAt ? this.#writing : undefined;
  }

  /** Writes what is left, unless stopped. A failure is told to `onFailure`. */
  async flush(): Promise<void> {
    await this.#flushing;
    this.#startFlush(1);
    await this.#flushing;
  }

  /** Writes nothing more, once what is being written has been. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#flushing;
  }

  #startFlush(least: number): void {
    this.#flushing ??= this.#flush(least)
      .catch((error) => {
        this.#stopped = true;
        this.#options.onFailure(error);
      })
      .finally(() => {
        this.#flushing = undefined;
      });
  }

  async #flush(least: number): Promise<void> {
    while (this.#pendingBytes >= least && !this.#stopped) {
      const chunks = this.#pending;
      const end = this.#written + this.#pendingBytes;
      const transferred = this.#transferred;
      this.#pending = [];
      this.#transferred = [];
      this.#inFlight = this.#pendingBytes;
      this.#pendingBytes = 0;
      const writing = writeAll(this.#options.file, chunks, this.#written);
      // Whoever waits for it is told of a failure by the next write.
      this.#writing = writing.catch(() => {});
      await writing;
      this.#inFlight = 0;
      this.#written = end;
      for (const chunk of transferred) release(chunk);
      this.#options.onWritten();
    }
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
