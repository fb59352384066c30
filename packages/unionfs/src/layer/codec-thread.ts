/** Decompression and hashing in a thread of their own: both take as long as making the files does, and run beside it. */
import { Worker } from 'node:worker_threads';
import { UnionfsError, type UnionfsErrorCode } from '../unionfs-error.ts';
import { memoryOf } from './pieces.ts';

export interface ThreadData {
  readonly algorithm: 'sha256' | 'sha512';
}

export type ToThread = { readonly type: 'piece'; readonly memory: ArrayBuffer | undefined } | { readonly type: 'took' };

export type FromThread =
  | { readonly type: 'wants' }
  | { readonly type: 'block'; readonly memory: ArrayBuffer; readonly length: number }
  | { readonly type: 'digest'; readonly digest: string }
  | { readonly type: 'failed'; readonly failure: { readonly code?: UnionfsErrorCode; readonly message: string } };

/** Pieces on their way to the other thread. */
const most = 3;

/** What is allocated there lives as long as a piece does, and lies outside of the heap. */
const resourceLimits = { maxYoungGenerationSizeMb: 16 };

export class CodecThread implements AsyncDisposable {
  readonly #thread: Worker;
  readonly #messages: FromThread[] = [];
  #underway = 0;
  #broken: { readonly error: unknown } | undefined;
  #wake = () => {};
  #wanted = () => {};
  #digest = '';

  constructor(data: ThreadData) {
    this.#thread = new Worker(program(), { workerData: data, execArgv: [], resourceLimits });
    this.#thread.on('message', (message: FromThread) => this.#take(message));
    this.#thread.on('error', (error) => this.#break(error));
    this.#thread.on('exit', (code) => this.#break(new Error(`the thread ended with ${code}`)));
  }

  /** In hexadecimal; when all blocks have been taken. */
  get digest(): string {
    return this.#digest;
  }

  /** The uncompressed bytes; each block is valid until the next is asked for. */
  async *blocks(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const fed = this.#feed(pieces).catch((error) => this.#break(error));
    for (;;) {
      const message = this.#messages.shift();
      if (message === undefined) {
        if (this.#broken !== undefined) throw this.#broken.error;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      } else if (message.type === 'block') {
        yield Buffer.from(message.memory, 0, message.length);
        // At once: memory outside of the heap makes collections frequent.
        message.memory.transfer(0);
        this.#send({ type: 'took' });
      } else if (message.type === 'digest') {
        this.#digest = message.digest;
        return await fed;
      } else if (message.type === 'failed') {
        const { code, message: text } = message.failure;
        throw code === undefined ? new Error(text) : new UnionfsError(code, text);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread.terminate();
  }

  async #feed(pieces: AsyncIterable<Buffer>): Promise<void> {
    for await (const piece of pieces) {
      const memory = memoryOf(piece);
      this.#underway += 1;
      this.#send({ type: 'piece', memory }, [memory]);
      while (this.#underway >= most && this.#broken === undefined) {
        await new Promise<void>((resolve) => {
          this.#wanted = resolve;
        });
      }
      if (this.#broken !== undefined) return;
    }
    this.#send({ type: 'piece', memory: undefined });
  }

  #take(message: FromThread): void {
    if (message.type === 'wants') {
      this.#underway -= 1;
      this.#wanted();
      return;
    }
    this.#messages.push(message);
    this.#wake();
  }

  #break(error: unknown): void {
    this.#broken ??= { error };
    this.#wake();
    this.#wanted();
  }

  #send(message: ToThread, transfer: ArrayBuffer[] = []): void {
    this.#thread.postMessage(message, transfer);
  }
}

/** Beside this file, in the sources as in the package. */
function program(): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./codec-thread-main.${extension}`, import.meta.url);
}
