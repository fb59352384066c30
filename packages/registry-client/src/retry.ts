import { setTimeout as sleep } from 'node:timers/promises';
import { RegistryError } from './error.ts';

export interface RetryOptions {
  /** How many times to try again. */
  readonly retries: number;
  /** Milliseconds before the first new try; it doubles with each. */
  readonly delay: number;
  readonly signal?: AbortSignal | undefined;
  /** A number that grows with what has been achieved: whoever gets on is not given up. */
  readonly progress?: () => number;
  /** What failed before, of a task that is done in several calls. */
  readonly past?: Past;
  /** Before each wait. */
  readonly onRetry?: ((retry: Retry) => void) | undefined;
}

export interface Retry {
  readonly error: RegistryError;
  /** 1 for the first new try. */
  readonly attempt: number;
  /** Milliseconds. */
  readonly wait: number;
}

export interface Past {
  failures: number;
  /** The progress at the last of them. */
  achieved: number;
}

const longest = 60_000;
const worthwhile = 1024 * 1024;

/** Tries again what failed for reasons that pass, as long as the registry asks for or twice as long each time. */
export async function retrying<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { retries, delay, signal, progress = () => 0, past = { failures: 0, achieved: progress() } } = options;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof RegistryError) || !error.retryable) throw error;
      past.failures = progress() - past.achieved >= worthwhile ? 1 : past.failures + 1;
      past.achieved = progress();
      if (past.failures > retries || (error.retryAfter ?? 0) > longest) throw error;
      const milliseconds = error.retryAfter ?? backoff(delay, past.failures);
      options.onRetry?.({ error, attempt: past.failures, wait: milliseconds });
      await wait(milliseconds, signal);
    }
  }
}

/** Retry-After in milliseconds: seconds or a date. https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 */
export function parseRetryAfter(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(date - now, 0);
}

// Spread, so that clients that failed together do not come back together.
function backoff(delay: number, failures: number): number {
  return Math.min(delay * 2 ** (failures - 1), longest) * (0.75 + Math.random() / 2);
}

async function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(milliseconds, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
}
