/** A Node with so much resident memory, which starts things when told, and says how long that took. */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Child, command, launch } from '@estiba/syscalls';

export class HeavyNode implements AsyncDisposable {
  /** Asked for, in MB. */
  readonly size: number;
  /** What it really has, in MB. */
  readonly resident: number;
  readonly #child: Child;
  readonly #answers: AsyncIterator<string>;

  private constructor(size: number, resident: number, child: Child, answers: AsyncIterator<string>) {
    this.size = size;
    this.resident = resident;
    this.#child = child;
    this.#answers = answers;
  }

  static async start(size: number, rootfs: string): Promise<HeavyNode> {
    const script = join(import.meta.dirname, 'heavy-node-main.ts');
    const argv = [process.execPath, ...process.execArgv, script, String(size), rootfs];
    const child = await launch([command(argv, process.env as Record<string, string>)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const answers = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    const { value } = await answers.next();
    return new HeavyNode(size, Number(value), child, answers);
  }

  /** Milliseconds from the call to the end of /bin/true. */
  async time(what: 'run' | 'spawn'): Promise<number> {
    this.#child.stdin?.write(`${what}\n`);
    const { value } = await this.#answers.next();
    if (!(Number(value) > 0)) throw new Error(`the Node with ${this.size} MB did not answer: ${value}`);
    return Number(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}
