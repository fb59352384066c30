import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A terminal that nobody sees, of 100 by 24. tmux(1) */
export class Terminal implements AsyncDisposable {
  readonly #socket: string;
  readonly #ending: string;

  private constructor(socket: string) {
    this.#socket = socket;
    this.#ending = `${socket}.status`;
  }

  /** The command runs in it; what it has written stays when it ends. */
  static async open(socket: string, command: readonly string[]): Promise<Terminal> {
    const terminal = new Terminal(socket);
    const size = ['-x', '100', '-y', '24'];
    const told = ['sh', '-c', 'trap : INT; end=$1; shift; "$@"; echo $? >"$end"', 'sh'];
    const set = ['set-option', '-g', 'remain-on-exit', 'on'];
    await terminal.#tmux(
      '-f',
      '/dev/null',
      ...set,
      ';',
      'new-session',
      '-d',
      ...size,
      '--',
      ...told,
      terminal.#ending,
      ...command,
    );
    return terminal;
  }

  /** The screen, once there is something on it, and what has moved out of it: it moves by a line when the command ends. */
  async shows(wanted: RegExp): Promise<string> {
    let screen = '';
    for (let attempt = 0; attempt < 150; attempt++) {
      screen = await this.#tmux('capture-pane', '-p', '-S', '-');
      if (wanted.test(screen)) return screen;
      await sleep(100);
    }
    throw new Error(`${wanted} does not come up on the terminal:\n${screen}`);
  }

  /** As if typed. */
  async type(keys: string): Promise<void> {
    await this.#tmux('send-keys', '-l', keys);
  }

  /** The status with which its command has ended; undefined: it runs. What tmux tells of it is now and then nothing. */
  async status(): Promise<number | undefined> {
    const status = await readFile(this.#ending, 'utf8').catch(() => '');
    return status.endsWith('\n') ? Number(status) : undefined;
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-x', `${columns}`, '-y', `${rows}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux('kill-server');
  }

  async #tmux(...args: readonly string[]): Promise<string> {
    return (await run('tmux', ['-S', this.#socket, ...args], { timeout: 10_000 })).stdout;
  }
}
