import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export interface Outcomes {
  readonly done: number;
  readonly failed: number;
  readonly refused: number;
  /** System calls that were not made. */
  readonly calls: number;
}

/** Compiles the interpreter with its kernel replaced and every access checked (harness.c). */
export function buildHarness(file: string): void {
  const source = fileURLToPath(new URL('./harness.c', import.meta.url));
  const flags = [
    '-g',
    '-O1',
    '-Wall',
    '-Wno-unused-function',
    '-fsanitize=address,undefined',
    '-fno-sanitize-recover=all',
  ];
  const { status, stderr } = spawnSync('cc', [...flags, '-o', file, source], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot compile the harness: ${stderr}`);
}

/** A run of it, which takes programs until it dies or is finished. */
export class Harness {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #stdout: Promise<string>;
  readonly #stderr: Promise<string>;
  readonly #exit: Promise<unknown[]>;

  constructor(file: string) {
    this.#process = spawn(file, { timeout: 120_000, killSignal: 'SIGKILL' });
    this.#stdout = text(this.#process.stdout);
    this.#stderr = text(this.#process.stderr);
    this.#exit = once(this.#process, 'close');
    // It has died: `finish` tells how.
    this.#process.stdin.on('error', () => undefined);
  }

  /** False when it has died. */
  async feed(programs: readonly Buffer[]): Promise<boolean> {
    const sized = programs.flatMap((program) => {
      const size = Buffer.alloc(4);
      size.writeUInt32LE(program.length);
      return [size, program];
    });
    if (!this.#process.stdin.write(Buffer.concat(sized)))
      await Promise.race([once(this.#process.stdin, 'drain').catch(() => undefined), this.#exit]);
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  async finish(): Promise<{ outcomes: Outcomes; stderr: string; status: unknown }> {
    this.#process.stdin.end();
    const [exitCode, signal] = await this.#exit;
    const [done = 0, failed = 0, refused = 0, calls = 0] = (await this.#stdout).split(' ').map(Number);
    return { outcomes: { done, failed, refused, calls }, stderr: await this.#stderr, status: signal ?? exitCode };
  }
}
