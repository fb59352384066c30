import { writeFileSync } from 'node:fs';
import { scratch } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { cpuSettings, readMax, readThrottling, sharesOf } from '../../src/v1/cpu.ts';
import { rewritten, written } from '../written.ts';

test('a longer period is written before the quota', () => {
  expect(written(cpuSettings, { max: { quota: 50_000, period: 200_000 } })).toEqual([
    ['cpu.cfs_period_us', '200000'],
    ['cpu.cfs_quota_us', '50000'],
  ]);
});

test('a shorter period is written after the quota, so that for a moment there is less CPU and not more', () => {
  const limits = { max: { quota: 5_000, period: 10_000 } };
  const files = rewritten(cpuSettings, limits, { 'cpu.cfs_period_us': '100000' }).map(([file]) => file);
  expect(files).toEqual(['cpu.cfs_quota_us', 'cpu.cfs_period_us']);
});

test('a quota or a period alone is one file, and nothing has to be read', () => {
  expect(rewritten(cpuSettings, { max: { quota: 50_000 } }, {})).toEqual([['cpu.cfs_quota_us', '50000']]);
  expect(written(cpuSettings, { max: { period: 50_000 } })).toEqual([['cpu.cfs_period_us', '50000']]);
});

test('no limit is -1', () => {
  expect(written(cpuSettings, { max: { quota: 'max', period: 100_000 } })).toEqual([['cpu.cfs_quota_us', '-1']]);
});

test('the usual period is not written to a new cgroup, which has it', () => {
  const limits = { max: { quota: 50_000, period: 100_000 } };
  expect(written(cpuSettings, limits)).toEqual([['cpu.cfs_quota_us', '50000']]);
  const files = rewritten(cpuSettings, limits, { 'cpu.cfs_period_us': '10000' }).map(([file]) => file);
  expect(files).toEqual(['cpu.cfs_period_us', 'cpu.cfs_quota_us']);
});

test('weights become shares in proportion, the usual one the usual', () => {
  expect([1, 100, 300, 10_000].map(sharesOf)).toEqual([10, 1024, 3072, 102_400]);
  expect(written(cpuSettings, { weight: 100 })).toEqual([['cpu.shares', '1024']]);
});

test('a higher weight never has fewer shares', () => {
  const shares = Array.from({ length: 10_000 }, (_, index) => sharesOf(index + 1));
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
});

test('a burst grows after the quota and shrinks before it, so that it is never above, nor more than before and after', () => {
  const order = (burst: number, inForce: string) =>
    rewritten(
      cpuSettings,
      { max: { quota: 20_000, period: 100_000 }, burst },
      { 'cpu.cfs_period_us': '100000', 'cpu.cfs_burst_us': inForce },
    ).map(([file]) => file);
  expect(order(20_000, '0')).toEqual(['cpu.cfs_period_us', 'cpu.cfs_quota_us', 'cpu.cfs_burst_us']);
  expect(order(0, '50000')).toEqual(['cpu.cfs_burst_us', 'cpu.cfs_period_us', 'cpu.cfs_quota_us']);
  const fresh = written(cpuSettings, { max: { quota: 20_000, period: 100_000 }, burst: 5_000 });
  expect(fresh.at(-1)).toEqual(['cpu.cfs_burst_us', '5000']);
});

test('what is idle stops being so before it gets shares', () => {
  expect(written(cpuSettings, { idle: false, weight: 100 })).toEqual([
    ['cpu.idle', '0'],
    ['cpu.shares', '1024'],
  ]);
});

test('clamps are the same as on v2', () => {
  expect(written(cpuSettings, { uclamp: { min: 12.5, max: 'max' } })).toEqual([
    ['cpu.uclamp.min', '12.50'],
    ['cpu.uclamp.max', 'max'],
  ]);
});

test('a realtime budget follows the rule of quotas: a shorter period comes last', () => {
  expect(written(cpuSettings, { realtime: { runtime: 5_000, period: 10_000 } })).toEqual([
    ['cpu.rt_runtime_us', '5000'],
    ['cpu.rt_period_us', '10000'],
  ]);
  const longer = rewritten(
    cpuSettings,
    { realtime: { runtime: 5_000, period: 20_000 } },
    { 'cpu.rt_period_us': '10000' },
  );
  expect(longer.map(([file]) => file)).toEqual(['cpu.rt_period_us', 'cpu.rt_runtime_us']);
});

test('throttling is told in the words and units of v2', async () => {
  await using files = scratch();
  const text =
    'nr_periods 5\nnr_throttled 1\nthrottled_time 9000\nnr_bursts 2\nburst_time 1500\nwait_sum 3000\nnew_key 8\n';
  writeFileSync(files.join('cpu.stat'), text);
  expect(readThrottling(files.join('.'))).toEqual({
    nr_periods: 5,
    nr_throttled: 1,
    throttled_usec: 9,
    nr_bursts: 2,
    burst_usec: 1.5,
    wait_usec: 3,
    new_key: 8,
  });
});

test('the quota is told as a number of CPUs', async () => {
  await using files = scratch();
  writeFileSync(files.join('cpu.cfs_quota_us'), '-1\n');
  expect(readMax(files.join('.'))).toBe(Number.POSITIVE_INFINITY);
  writeFileSync(files.join('cpu.cfs_quota_us'), '25000\n');
  writeFileSync(files.join('cpu.cfs_period_us'), '50000\n');
  expect(readMax(files.join('.'))).toBe(0.5);
});

test('a kernel that does not throttle has nothing to tell of it', async () => {
  await using folder = await scratch();
  expect(readThrottling(folder.path)).toEqual({});
});
