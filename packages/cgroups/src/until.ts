import { setImmediate, setTimeout } from 'node:timers/promises';

export interface WaitOptions {
  /** Milliseconds, from 0; Infinity waits as long as it takes. */
  timeout?: number;
  signal?: AbortSignal | undefined;
}

/** NaN, or the text '5s', would never be over. */
export function checkTimeout(timeout: number | undefined): void {
  if (timeout === undefined || (typeof timeout === 'number' && timeout >= 0)) return;
  throw new TypeError(`cannot wait for ${String(timeout)}: a timeout is a number of milliseconds from 0, or Infinity`);
}

/** For the next of two waits that share a timeout, if one was given. `begin`: of the first, performance.now(). */
export function timeLeft({ timeout, signal }: WaitOptions, begin: number): WaitOptions {
  if (timeout === undefined) return { signal };
  return { timeout: Math.max(0, timeout - (performance.now() - begin)), signal };
}

/**
 * Asks at once, then after 0, 1, 2, 4, … 16 ms; false when the time is up. What is waited for here takes the kernel
 * microseconds, as a rule.
 */
export async function until(condition: () => boolean, options: { timeout: number; signal?: AbortSignal | undefined }) {
  const { timeout, signal } = options;
  checkTimeout(timeout);
  const end = performance.now() + timeout;
  for (let pause = 0; !condition(); pause = Math.min(16, pause * 2 || 1)) {
    signal?.throwIfAborted();
    if (performance.now() >= end) return false;
    try {
      await (pause === 0 ? setImmediate(undefined, { signal }) : setTimeout(pause, undefined, { signal }));
    } catch {
      // Only the signal ends it: in its own words, as everywhere.
      signal?.throwIfAborted();
    }
  }
  return true;
}
