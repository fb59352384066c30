import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { HostLimits, limitTo } from '../src/limit.ts';

test('no more run at once than allowed, in the order in which they came', async () => {
  const limit = limitTo(3);
  const started: number[] = [];
  let running = 0;
  let most = 0;
  const task = (number: number) => async () => {
    started.push(number);
    running += 1;
    most = Math.max(most, running);
    await sleep(5);
    running -= 1;
    if (number === 2) throw new Error('one fails');
  };
  const results = await Promise.allSettled(Array.from({ length: 10 }, (_, number) => limit(task(number))));
  expect(most).toBe(3);
  expect(started).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1);
});

test('who waits for a place can give up, and the place goes to the next', async () => {
  const limit = limitTo(1);
  let end = () => {};
  const first = limit(
    () =>
      new Promise<void>((resolve) => {
        end = resolve;
      }),
  );
  const controller = new AbortController();
  const second = limit(async () => 'second', { signal: controller.signal });
  const third = limit(async () => 'third');
  controller.abort(new Error('enough'));
  await expect(second).rejects.toThrow('enough');
  end();
  await first;
  expect(await third).toBe('third');
  await expect(limit(async () => 'late', { signal: controller.signal })).rejects.toThrow('enough');
  expect(await limit(async () => 'free')).toBe('free');
});

test('each host has places of its own', async () => {
  const limits = new HostLimits(1);
  expect(limits.of('a')).toBe(limits.of('a'));
  await limits.of('a')(async () => expect(await limits.of('b')(async () => 'b')).toBe('b'));
});

test('a place of two hosts is one of each, and crosswise nobody waits for ever', async () => {
  const limits = new HostLimits(1);
  const running = { a: 0, b: 0 };
  const move = (from: 'a' | 'b', to: 'a' | 'b') =>
    limits.of(
      to,
      from,
    )(async () => {
      expect([++running[from], to === from ? 1 : ++running[to]]).toEqual([1, 1]);
      await sleep(1);
      running[from] -= 1;
      if (to !== from) running[to] -= 1;
    });
  await Promise.all(Array.from({ length: 10 }, () => [move('a', 'b'), move('b', 'a'), move('a', 'a')]).flat());
});
