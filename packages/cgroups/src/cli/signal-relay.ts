import { readFileSync } from 'node:fs';
import type { Child } from '@estiba/syscalls';

const relayed = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/** Sends the signals that this process gets to the command, those too that came before there was one. */
export class SignalRelay implements Disposable {
  readonly #pending: NodeJS.Signals[] = [];
  #child: Child | undefined;

  constructor() {
    for (const signal of relayed) process.on(signal, this.#take);
  }

  relayTo(child: Child): void {
    this.#child = child;
    for (const signal of this.#pending.splice(0)) child.kill(signal);
  }

  [Symbol.dispose](): void {
    for (const signal of relayed) process.off(signal, this.#take);
  }

  readonly #take = (signal: NodeJS.Signals): void => {
    // A terminal gives them to the command too, which is in the same process group: they are only survived here.
    if ((signal === 'SIGINT' || signal === 'SIGQUIT') && isInForeground()) return;
    if (this.#child === undefined) this.#pending.push(signal);
    else this.#child.kill(signal);
  };
}

/** Whether a terminal gives its signals to our process group, wherever input comes from. proc_pid_stat(5) */
function isInForeground(): boolean {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return group === foreground;
}
