import { beginWaiting, endWaiting } from './attention.ts';
import { processesEnded } from './lookout.ts';

/** Told by what listens to the kernel. */
export interface Listener {
  /** There may be something to take. */
  wake(): void;
  /** Nothing will come any more; what is there is still handed out. */
  end(): void;
  fail(error: unknown): void;
}

/** What is watched. */
export interface Watched<T> extends Disposable {
  /** What has happened since the last time; undefined if nothing has. */
  take(): T | undefined;
}

/** Listening begins at once, not with the first `next()`: nothing that happens in between is missed. */
export function watch<T>(begin: (listener: Listener) => Watched<T>, signal?: AbortSignal): AsyncIterableIterator<T> {
  return new Watch(begin, signal);
}

interface Waiter<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(reason: unknown): void;
}

class Watch<T> implements AsyncIterableIterator<T, undefined> {
  readonly #watched: Watched<T> | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = () => this.#fail(this.#signal?.reason);
  #waiters: Waiter<T>[] = [];
  #state: 'open' | 'ending' | 'closed' = 'open';
  /** Told once, to whoever asks first. */
  #failure: { readonly reason: unknown } | undefined;

  constructor(begin: (listener: Listener) => Watched<T>, signal: AbortSignal | undefined) {
    this.#signal = signal;
    if (signal?.aborted) {
      this.#fail(signal.reason);
      return;
    }
    this.#watched = begin({
      wake: () => this.#deliver(),
      end: () => {
        if (this.#state === 'open') this.#state = 'ending';
        this.#deliver();
      },
      fail: (error) => this.#fail(error),
    });
    // It may have ended while it began.
    if ((this.#state as string) === 'closed') this.#watched[Symbol.dispose]();
    else signal?.addEventListener('abort', this.#abort, { once: true });
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      if (this.#waiters.length === 0) beginWaiting();
      this.#waiters.push({ resolve, reject });
      this.#deliver();
    });
  }

  /** `break` comes here, also while a `next()` is waiting. Afterwards nothing is left of the watch. */
  async return(): Promise<IteratorResult<T, undefined>> {
    this.#close();
    this.#failure = undefined;
    this.#deliver();
    await processesEnded();
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #deliver(): void {
    while (this.#waiters.length > 0) {
      const failure = this.#failure;
      this.#failure = undefined;
      if (failure !== undefined) {
        this.#shift()?.reject(failure.reason);
        continue;
      }
      const value = this.#take();
      // It may have failed at that.
      if (this.#failure !== undefined) continue;
      if (value === undefined && this.#state === 'open') return;
      if (value === undefined) this.#close();
      this.#shift()?.resolve(value === undefined ? DONE : { done: false, value });
    }
  }

  #take(): T | undefined {
    try {
      return this.#state === 'closed' ? undefined : this.#watched?.take();
    } catch (error) {
      this.#failure = { reason: error };
      this.#close();
      return undefined;
    }
  }

  #shift(): Waiter<T> | undefined {
    const waiter = this.#waiters.shift();
    if (this.#waiters.length === 0) endWaiting();
    return waiter;
  }

  #fail(reason: unknown): void {
    if (this.#state === 'closed') return;
    this.#failure = { reason };
    this.#close();
    this.#deliver();
  }

  #close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#watched?.[Symbol.dispose]();
  }
}

const DONE: IteratorResult<never, undefined> = { done: true, value: undefined };
