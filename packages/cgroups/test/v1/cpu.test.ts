import { expect, test } from 'vitest';
import { cpuSettings, sharesOf } from '../../src/v1/cpu.ts';

test('a longer period is written before the quota', () => {
  expect(cpuSettings({ max: { quota: 50_000, period: 200_000 } })).toEqual([
    { file: 'cpu.cfs_period_us', value: '200000' },
    { file: 'cpu.cfs_quota_us', value: '50000' },
  ]);
});

test('a shorter period is written after the quota, so that for a moment there is less CPU and not more', () => {
  const files = cpuSettings({ max: { quota: 5_000, period: 10_000 } }, 100_000).map(({ file }) => file);
  expect(files).toEqual(['cpu.cfs_quota_us', 'cpu.cfs_period_us']);
});

test('no limit is -1', () => {
  expect(cpuSettings({ max: { quota: 'max', period: 100_000 } })[1]).toEqual({ file: 'cpu.cfs_quota_us', value: '-1' });
});

test('weights become shares: least, usual and most stay what they are', () => {
  expect([1, 100, 10_000].map(sharesOf)).toEqual([2, 1024, 262_144]);
  expect(cpuSettings({ weight: 100 })).toEqual([{ file: 'cpu.shares', value: '1024' }]);
});

test('a higher weight never has fewer shares', () => {
  const shares = Array.from({ length: 10_000 }, (_, index) => sharesOf(index + 1));
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
});
