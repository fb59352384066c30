/** A process of ours between its start and its end. */
import type { Fd } from './fd.ts';
import { perform } from './perform.ts';
import { attempt, syscall } from './program.ts';
import { type ExitStatus, reap } from './reaper.ts';

export class Process {
  readonly pid: number;
  /** Resolves when it has been waited for. */
  readonly exited: Promise<ExitStatus>;
  readonly #pidfd: Fd | undefined;
  #ended = false;

  /** Of a child that nobody has waited for yet, so that the number cannot be another's. pidfd_open(2) */
  constructor(pid: number, options: { handle: boolean }) {
    this.pid = pid;
    this.#pidfd = options.handle ? openPidfd(pid) : undefined;
    this.exited = reap(pid).then((status) => {
      this.#ended = true;
      this.#pidfd?.close();
      return status;
    });
  }

  get pidfd(): Fd {
    if (this.#pidfd === undefined) throw new TypeError(`no descriptor was opened for process ${this.pid}`);
    return this.#pidfd;
  }

  kill(): void {
    const SIGKILL = 9;
    if (this.#ended) return;
    perform([attempt([syscall('kill', this.pid, SIGKILL)], ['ESRCH'])]);
  }
}

function openPidfd(pid: number): Fd {
  const open = syscall('pidfd_open', pid, 0);
  try {
    return perform([open], { keep: [open] }).fd(open);
  } catch (error) {
    // Out of descriptors: a process that we cannot give out is not left running.
    perform([syscall('kill', pid, 9)]);
    void reap(pid);
    throw error;
  }
}
