import { milliseconds as bounded } from './amounts.ts';

/** What is to happen if something else does not happen before. */
export class Waits {
  readonly #stops = new Set<() => void>();
  #ended = false;

  /** Milliseconds. Returns what calls it off. */
  after(milliseconds: number, then: () => void): () => void {
    if (this.#ended) return () => {};
    const timer = setTimeout(then, bounded('timeouts', milliseconds));
    return this.#keep(() => clearTimeout(timer));
  }

  until(signal: AbortSignal, then: () => void): void {
    signal.addEventListener('abort', then);
    this.#keep(() => signal.removeEventListener('abort', then));
  }

  /** Nothing is waited for any more, and nothing will be. */
  end(): void {
    this.#ended = true;
    for (const stop of this.#stops) stop();
    this.#stops.clear();
  }

  #keep(stop: () => void): () => void {
    this.#stops.add(stop);
    return stop;
  }
}
