/** Runs contenders that are programs, through native/starter.c, which starts and times them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { type Child, execve, Fd, launch } from '@estiba/syscalls';
import { compileC } from './native.ts';
import { stopTree } from './processes.ts';

export interface StarterOptions {
  /** Where the starter is made, and where the programs' complaints go. */
  readonly directory: string;
  /** To tell it from others there. */
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  /** Directories that are empty for the programs, and whose changes nobody else sees. */
  readonly without: readonly string[];
  readonly signal: AbortSignal;
}

export class Starter implements AsyncDisposable {
  readonly #child: Child;
  readonly #answers: AsyncIterator<string>;
  readonly #lines: Interface;
  readonly #errors: string;
  readonly #signal: AbortSignal;

  private constructor(child: Child, errors: string, signal: AbortSignal) {
    this.#child = child;
    this.#errors = errors;
    this.#signal = signal;
    this.#lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  static async start({ directory, name, env, without, signal }: StarterOptions): Promise<Starter> {
    const program = compileC('starter', directory);
    const errors = join(directory, `${name}.errors`);
    using file = Fd.open(errors, 'a');
    const child = await launch([execve(program, [program, ...without], env)], { stdio: ['pipe', 'pipe', file] });
    const starter = new Starter(child, errors, signal);
    if ((await starter.#answer(5_000)) !== 'ready')
      throw new Error(`the starter did not start: ${starter.#complaints()}`);
    return starter;
  }

  /** One command, found by its absolute path; the milliseconds from its start to its end. Fails if it does. */
  async run(argv: readonly string[], options: { timeout?: number } = {}): Promise<number> {
    if (!argv[0]?.startsWith('/')) throw new TypeError(`a command starts with an absolute path, not ${argv[0]}`);
    this.#child.stdin?.write(`${argv.join('\x1f')}\n`);
    const answer = await this.#answer(options.timeout ?? 60_000);
    const [status, nanoseconds] = answer.split(' ').map(Number);
    // As waitpid(2) gives it.
    if (status !== 0)
      throw new Error(
        `${argv.join(' ')} ended with ${(status ?? 0) >> 8 || `signal ${status}`}: ${this.#complaints()}`,
      );
    return (nanoseconds ?? Number.NaN) / 1e6;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lines.close();
    await stopTree(this.#child);
  }

  /** A command that takes too long, or a bench that is to end, takes the starter and all it started with it. */
  async #answer(timeout: number): Promise<string> {
    const stop = AbortSignal.any([this.#signal, AbortSignal.timeout(timeout)]);
    const abort = () => void stopTree(this.#child);
    stop.addEventListener('abort', abort);
    try {
      const { value } = await this.#answers.next();
      stop.throwIfAborted();
      if (value === undefined) throw new Error(`the starter ended: ${this.#complaints()}`);
      return value;
    } finally {
      stop.removeEventListener('abort', abort);
    }
  }

  #complaints(): string {
    return readFileSync(this.#errors, 'utf8').slice(-2_000) || 'it said nothing';
  }
}
