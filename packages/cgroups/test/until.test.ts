import { expect, test } from 'vitest';
import { until } from '../src/until.ts';

test('aborting while it waits rejects with the reason', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const waiting = until(() => false, { timeout: 10_000, signal: controller.signal });
  setTimeout(() => controller.abort(reason), 20);
  await expect(waiting).rejects.toBe(reason);
});

test('what does not come true in its time is false', async () => {
  expect(await until(() => false, { timeout: 5 })).toBe(false);
});

test.each([Number.NaN, -1, '5s', null, {}])('a timeout of %s is refused: it would never be over', async (timeout) => {
  const soon = AbortSignal.timeout(200);
  await expect(until(() => false, { timeout: timeout as number, signal: soon })).rejects.toThrow(TypeError);
});

test('no time at all is one look, and for ever is as long as it takes', async () => {
  expect(await until(() => false, { timeout: 0 })).toBe(false);
  let looks = 0;
  expect(await until(() => ++looks > 3, { timeout: Number.POSITIVE_INFINITY })).toBe(true);
});
