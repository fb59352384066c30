import { setImmediate, setTimeout } from 'node:timers/promises';

export interface WaitOptions {
  /** Milliseconds. */
  timeout?: number;
  signal?: AbortSignal | undefined;
}

/**
 * Asks at once, then after 0, 1, 2, 4, … 16 ms; false when the time is up. What is waited for here takes the kernel
 * microseconds, as a rule.
 */
export async function until(condition: () => boolean, options: { timeout: number; signal?: AbortSignal | undefined }) {
  const { timeout, signal } = options;
  const end = performance.now() + timeout;
  for (let pause = 0; !condition(); pause = Math.min(16, pause * 2 || 1)) {
    signal?.throwIfAborted();
    if (performance.now() >= end) return false;
    await (pause === 0 ? setImmediate(undefined, { signal }) : setTimeout(pause, undefined, { signal }));
  }
  return true;
}
