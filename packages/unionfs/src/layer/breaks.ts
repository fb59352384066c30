/** Breaks for others in work that takes long, every few milliseconds. An abort is heard in them. */
import { setImmediate } from 'node:timers/promises';

const longest = 5;

export class Breaks {
  readonly #signal: AbortSignal | undefined;
  #since = performance.now();

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** Waiting for each of a million small things would take longer than they do. */
  get isDue(): boolean {
    return performance.now() - this.#since > longest;
  }

  /** Throws the reason of the signal. */
  async take(): Promise<void> {
    this.#signal?.throwIfAborted();
    await setImmediate();
    this.#signal?.throwIfAborted();
    this.#since = performance.now();
  }
}
