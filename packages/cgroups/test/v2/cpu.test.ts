import { writeFileSync } from 'node:fs';
import { scratch } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { cpuSettings, readCpu } from '../../src/v2/cpu.ts';
import { rewritten, written } from '../written.ts';

test('quota and period are one line', () => {
  expect(written(cpuSettings, { max: { quota: 50_000, period: 100_000 }, weight: 7 })).toEqual([
    ['cpu.weight', '7'],
    ['cpu.max', '50000 100000'],
  ]);
  expect(written(cpuSettings, { max: { quota: 'max', period: 100_000 } })).toEqual([['cpu.max', 'max 100000']]);
});

test('a period alone comes with the quota in force, for the kernel takes none alone', () => {
  expect(rewritten(cpuSettings, { max: { period: 50_000 } }, { 'cpu.max': '70000 100000' })).toEqual([
    ['cpu.max', '70000 50000'],
  ]);
  expect(written(cpuSettings, { max: { period: 50_000 } })).toEqual([['cpu.max', 'max 50000']]);
  expect(written(cpuSettings, { max: { quota: 50_000 } })).toEqual([['cpu.max', '50000']]);
});

test('a burst grows after the quota and shrinks before it, so that it is never above, nor more than before and after', () => {
  const order = (burst: number, inForce: string) =>
    rewritten(cpuSettings, { max: { quota: 20_000, period: 100_000 }, burst }, { 'cpu.max.burst': inForce }).map(
      ([file]) => file,
    );
  expect(order(20_000, '0')).toEqual(['cpu.max', 'cpu.max.burst']);
  expect(order(0, '50000')).toEqual(['cpu.max.burst', 'cpu.max']);
  expect(written(cpuSettings, { max: { quota: 20_000, period: 100_000 }, burst: 5_000 }).at(-1)).toEqual([
    'cpu.max.burst',
    '5000',
  ]);
});

test('what is idle stops being so before it gets a weight', () => {
  expect(written(cpuSettings, { idle: false, weight: 100 })).toEqual([
    ['cpu.idle', '0'],
    ['cpu.weight', '100'],
  ]);
  expect(written(cpuSettings, { idle: true })).toEqual([['cpu.idle', '1']]);
});

test('clamps are percent, with two decimals', () => {
  expect(written(cpuSettings, { uclamp: { min: 100 / 3, max: 80 } })).toEqual([
    ['cpu.uclamp.min', '33.33'],
    ['cpu.uclamp.max', '80.00'],
  ]);
});

test('a realtime budget is refused, and what to use instead is said', () => {
  expect(() => written(cpuSettings, { realtime: { runtime: 5_000, period: 10_000 } })).toThrow(
    expect.objectContaining({
      code: 'CONTROLLER_UNAVAILABLE',
      file: 'cpu.rt_runtime_us',
      message: expect.stringContaining('SCHED_DEADLINE'),
    }),
  );
});

test('every line of cpu.stat is told, those of later kernels too', async () => {
  await using files = scratch();
  const text = 'usage_usec 7\nuser_usec 4\nsystem_usec 3\nnice_usec 1\ncore_sched.force_idle_usec 2\nnr_periods 5\n';
  writeFileSync(
    files.join('cpu.stat'),
    `${text}nr_throttled 1\nthrottled_usec 9\nnr_bursts 0\nburst_usec 0\nnew_key 8\n`,
  );
  writeFileSync(files.join('cpu.max'), '150000 100000\n');
  expect(readCpu(files.join('.'))).toEqual({
    usageMicros: 7,
    userMicros: 4,
    systemMicros: 3,
    throttledMicros: 9,
    max: 1.5,
    stat: {
      usage_usec: 7,
      user_usec: 4,
      system_usec: 3,
      nice_usec: 1,
      'core_sched.force_idle_usec': 2,
      nr_periods: 5,
      nr_throttled: 1,
      throttled_usec: 9,
      nr_bursts: 0,
      burst_usec: 0,
      new_key: 8,
    },
  });
});
