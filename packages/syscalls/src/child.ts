import type { Socket } from 'node:net';
import { constants } from 'node:os';
import type { Fd } from './fd.ts';
import { perform } from './perform.ts';
import { syscall } from './program.ts';
import type { ExitStatus } from './reaper.ts';
import type { Streams } from './stdio.ts';
import { SyscallError } from './syscall-error.ts';

/** A process that `launch` started. It is killed when disposed of, and when this process dies. */
export class Child implements AsyncDisposable {
  readonly pid: number;
  /** Stands for the process itself: a signal sent through it cannot reach another one that got the same number. */
  readonly pidfd: Fd;
  readonly stdin: Socket | null;
  readonly stdout: Socket | null;
  readonly stderr: Socket | null;
  readonly #exited: Promise<ExitStatus>;

  constructor(process: { pid: number; pidfd: Fd }, streams: Streams, exited: Promise<ExitStatus>) {
    this.pid = process.pid;
    this.pidfd = process.pidfd;
    this.stdin = streams.stdin;
    this.stdout = streams.stdout;
    this.stderr = streams.stderr;
    this.#exited = exited;
  }

  /** Send a signal; false when the process has ended. pidfd_send_signal(2) */
  kill(signal: NodeJS.Signals = 'SIGTERM'): boolean {
    if (!Object.hasOwn(constants.signals, signal)) throw new TypeError(`no such signal: ${signal}`);
    const number = constants.signals[signal];
    // Closed as soon as it has ended: the number may be somebody else's by now.
    if (this.pidfd.closed) return false;
    try {
      perform([syscall('pidfd_send_signal', this.pidfd, number, 0, 0)]);
      return true;
    } catch (error) {
      if (error instanceof SyscallError && error.code === 'ESRCH') return false;
      throw error;
    }
  }

  /** How it ended. Aborting stops the waiting, not the process; its streams may still hold output. */
  async wait(options: { signal?: AbortSignal } = {}): Promise<ExitStatus> {
    const { signal } = options;
    if (signal === undefined) return this.#exited;
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      this.#exited.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.kill('SIGKILL');
      await this.#exited;
    } finally {
      for (const stream of [this.stdin, this.stdout, this.stderr]) stream?.destroy();
    }
  }
}
