import { expect, test } from 'vitest';
import { RegistryError } from '../src/error.ts';
import { parseRetryAfter, retrying } from '../src/retry.ts';

function failure(options: { retryable?: boolean; retryAfter?: number } = {}): RegistryError {
  return new RegistryError('UNAVAILABLE', 'no', { url: 'http://localhost', retryable: true, ...options });
}

/** Fails as often as told, then succeeds. */
function failing(times: number, error: Error): { attempt: () => Promise<string>; count: () => number } {
  let calls = 0;
  return {
    count: () => calls,
    attempt: async () => {
      calls += 1;
      if (calls <= times) throw error;
      return 'done';
    },
  };
}

test('what fails for a while succeeds in the end', async () => {
  const task = failing(3, failure());
  expect(await retrying(task.attempt, { retries: 3, delay: 1 })).toBe('done');
  expect(task.count()).toBe(4);
});

test('what fails for good is given up after the last new try', async () => {
  const task = failing(10, failure());
  await expect(retrying(task.attempt, { retries: 3, delay: 1 })).rejects.toThrow('no');
  expect(task.count()).toBe(4);
});

test('what cannot get better is not tried again', async () => {
  const task = failing(1, failure({ retryable: false }));
  await expect(retrying(task.attempt, { retries: 3, delay: 1 })).rejects.toThrow('no');
  const other = failing(1, new TypeError('a mistake'));
  await expect(retrying(other.attempt, { retries: 3, delay: 1 })).rejects.toThrow('a mistake');
  expect([task.count(), other.count()]).toEqual([1, 1]);
});

test('whoever gets on is not given up', async () => {
  let megabytes = 0;
  const task = failing(10, failure());
  const attempt = () => {
    megabytes += 1;
    return task.attempt();
  };
  const progress = () => megabytes * 1024 * 1024;
  expect(await retrying(attempt, { retries: 1, delay: 1, progress })).toBe('done');
});

test('the registry says how long to wait', async () => {
  const started = performance.now();
  await retrying(failing(1, failure({ retryAfter: 200 })).attempt, { retries: 1, delay: 1 });
  expect(performance.now() - started).toBeGreaterThanOrEqual(190);
});

test('a registry that wants to be left alone for an hour is left alone', async () => {
  const task = failing(1, failure({ retryAfter: 3_600_000 }));
  await expect(retrying(task.attempt, { retries: 3, delay: 1 })).rejects.toThrow('no');
});

test('waiting ends with the signal', async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('enough')), 20);
  const task = failing(1, failure({ retryAfter: 30_000 }));
  await expect(retrying(task.attempt, { retries: 3, delay: 1, signal: controller.signal })).rejects.toThrow('enough');
});

test('Retry-After is seconds or a date', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  expect(parseRetryAfter('2', now)).toBe(2000);
  expect(parseRetryAfter('Thu, 01 Jan 2026 00:00:10 GMT', now)).toBe(10_000);
  expect(parseRetryAfter('Wed, 31 Dec 2025 00:00:00 GMT', now)).toBe(0);
  expect(parseRetryAfter('soon', now)).toBeUndefined();
  expect(parseRetryAfter(undefined, now)).toBeUndefined();
});
