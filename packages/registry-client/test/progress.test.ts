import { digestOf } from '@estiba/image-spec';
import { expect, test } from 'vitest';
import { TransferTotals } from '../src/progress.ts';

const [a, b] = [digestOf('a'), digestOf('b')];

test('the rate counts what was moved, and not what was there', () => {
  let now = 0;
  const totals = new TransferTotals(() => now);
  totals.update({ digest: a, done: 500, total: 500, status: 'exists' });
  totals.update({ digest: b, done: 0, total: 5000, status: 'waiting' });
  // An earlier process has left 1000.
  totals.update({ digest: b, done: 1000, total: 5000, resumed: 1000, status: 'transferring' });
  now = 1000;
  totals.update({ digest: b, done: 3000, total: 5000, resumed: 1000, status: 'transferring' });
  expect(totals.summary()).toEqual({ done: 3500, total: 5500, present: 500, resumed: 1000, rate: 2000 });
});

test('a blob that has to go back a little does not make the rate fall below zero', () => {
  let now = 0;
  const totals = new TransferTotals(() => now);
  totals.update({ digest: a, done: 4000, total: 5000, status: 'transferring' });
  now = 1000;
  totals.update({ digest: a, done: 1000, total: 5000, resumed: 1000, status: 'transferring' });
  expect(totals.summary().rate).toBe(4000);
  now = 2000;
  totals.update({ digest: a, done: 5000, total: 5000, status: 'complete' });
  expect(totals.summary()).toMatchObject({ done: 5000, resumed: 1000, rate: 4000 });
  expect(totals.blobs).toEqual([{ digest: a, done: 5000, total: 5000, resumed: 1000, status: 'complete' }]);
});

test('the rate is that of the last seconds', () => {
  let now = 0;
  const totals = new TransferTotals(() => now);
  for (let second = 1; second <= 20; second++) {
    now = second * 1000;
    totals.update({ digest: a, done: second <= 10 ? second * 1000 : 10_000, total: 20_000, status: 'transferring' });
  }
  expect(totals.summary().rate).toBe(0);
});
