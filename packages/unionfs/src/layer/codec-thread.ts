/** Decompression and hashing in a thread of their own: both take as long as making the files does, and run beside it. */
import { Worker } from 'node:worker_threads';
import { UnionfsError, type UnionfsErrorCode } from '../unionfs-error.ts';
import { memoryOf } from './pieces.ts';

export type HashAlgorithm = 'sha256' | 'sha512';

export type ToThread =
  | { readonly type: 'begin'; readonly algorithm: HashAlgorithm }
  | { readonly type: 'piece'; readonly memory: ArrayBuffer | undefined }
  | { readonly type: 'took' };

export type FromThread =
  | { readonly type: 'wants' }
  | { readonly type: 'block'; readonly memory: ArrayBuffer; readonly length: number }
  | { readonly type: 'digest'; readonly digest: string }
  | { readonly type: 'failed'; readonly failure: { readonly code?: UnionfsErrorCode; readonly message: string } };

/** Pieces on their way to the other thread. */
const most = 3;

export interface CodecThreadOptions {
  /** Bytes that it hands out before it is replaced. */
  readonly plenty?: number;
}

/** What is allocated there lives as long as a piece does, and lies outside of the heap. */
const resourceLimits = { maxYoungGenerationSizeMb: 16 };

/** One layer at a time, as many as one likes. */
export class CodecThread implements AsyncDisposable {
  readonly #thread: Worker;
  #messages: FromThread[] = [];
  #underway = 0;
  #broken: { readonly error: unknown } | undefined;
  #wake = () => {};
  #wanted = () => {};
  #digest: string | undefined;
  readonly #plenty: number;
  #passed = 0;

  constructor({ plenty = 2 ** 30 }: CodecThreadOptions = {}) {
    this.#plenty = plenty;
    this.#thread = new Worker(program(), { execArgv: [], resourceLimits });
    this.#thread.on('message', (message: FromThread) => this.#take(message));
    this.#thread.on('error', (error) => this.#break(error));
    this.#thread.on('exit', (code) => this.#break(new Error(`the thread ended with ${code}`)));
  }

  /** In hexadecimal; when all blocks of a layer have been taken, and until the next begins. */
  get digest(): string | undefined {
    return this.#digest;
  }

  /** Whether another layer can follow, and should: after much of it the memory is worth more than the time of a new thread. */
  get idle(): boolean {
    return this.#digest !== undefined && this.#broken === undefined && this.#passed < this.#plenty;
  }

  /** The uncompressed bytes; each block is valid until the next is asked for. */
  async *blocks(pieces: AsyncIterable<Buffer>, algorithm: HashAlgorithm): AsyncGenerator<Buffer> {
    this.#digest = undefined;
    this.#thread.ref();
    this.#send({ type: 'begin', algorithm });
    const fed = this.#feed(pieces).catch((error) => this.#break(error));
    for (;;) {
      const message = this.#messages.shift();
      if (message === undefined) {
        if (this.#broken !== undefined) throw this.#broken.error;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      } else if (message.type === 'block') {
        this.#passed += message.length;
        yield Buffer.from(message.memory, 0, message.length);
        // At once: memory outside of the heap makes collections frequent.
        message.memory.transfer(0);
        this.#send({ type: 'took' });
      } else if (message.type === 'digest') {
        await fed;
        this.#digest = message.digest;
        return;
      } else if (message.type === 'failed') {
        const { code, message: text } = message.failure;
        throw code === undefined ? new Error(text) : new UnionfsError(code, text);
      }
    }
  }

  /** Until the next layer, it does not keep the program from ending. */
  rest(): void {
    this.#thread.unref();
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
