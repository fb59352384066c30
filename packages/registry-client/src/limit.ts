import { atLeastOne } from './amounts.ts';

/** Runs what it is given, in order, but only so many at once. Waiting for a place ends with the signal. */
export type Limit = <T>(task: () => Promise<T>, options?: { readonly signal?: AbortSignal | undefined }) => Promise<T>;

export function limitTo(most: number): Limit {
  const waiting = new Set<() => void>();
  let running = 0;
  const place = async (signal: AbortSignal | undefined) => {
    signal?.throwIfAborted();
    if (running < most) running += 1;
    else await turn(waiting, signal);
  };
  return async (task, { signal } = {}) => {
    await place(signal);
    try {
      return await task();
    } finally {
      // The place goes to the next in line, if there is one.
      const [next] = waiting;
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

function turn(waiting: Set<() => void>, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      waiting.delete(come);
      signal?.removeEventListener('abort', give);
    };
    const come = () => {
      leave();
      resolve();
    };
    const give = () => {
      leave();
      reject(signal?.reason);
    };
    waiting.add(come);
    signal?.addEventListener('abort', give);
  });
}

/** A limit for each host: what one registry is sent at once, by however many pulls. */
export class HostLimits {
  readonly #most: number;
  readonly #limits = new Map<string, Limit>();

  constructor(most: number) {
    this.#most = atLeastOne('perHost', most);
  }

  /**
   * A place of each host that is named, for what moves from one to another. They are taken in the order of their names: two
   * that did so crosswise would wait for each other for ever.
   */
  of(host: string, ...others: string[]): Limit {
    const limits = [...new Set([host, ...others])].sort().map((one) => this.#one(one));
    return limits.reduceRight((inner, outer) => (task, waiting) => outer(() => inner(task, waiting), waiting));
  }

  #one(host: string): Limit {
    const limit = this.#limits.get(host) ?? limitTo(this.#most);
    this.#limits.set(host, limit);
    return limit;
  }
}
