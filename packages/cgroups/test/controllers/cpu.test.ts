import { expect, test } from 'vitest';
import { checkCpu } from '../../src/controllers/cpu.ts';

const check = (limits: unknown) => checkCpu(limits as object, '/estiba/x');

test('a quota can be lifted and keep its period', () => {
  expect(check({ max: { quota: 'max', period: 50_000 } })).toEqual({ max: { quota: 'max', period: 50_000 } });
});

test('a burst is at most the quota', () => {
  expect(check({ max: 0.5, burst: 50_000 })).toMatchObject({ burst: 50_000 });
  expect(() => check({ max: 0.5, burst: 50_001 })).toThrow('it must not be above the quota, 50000');
  expect(check({ burst: 70_000 })).toEqual({ burst: 70_000 });
});

test('a quota or a period alone leaves the other as it is', () => {
  expect(check({ max: { quota: 5_000 } })).toEqual({ max: { quota: 5_000 } });
  expect(check({ max: { period: 5_000 } })).toEqual({ max: { period: 5_000 } });
  expect(check({ realtime: { runtime: 1_000 } })).toEqual({ realtime: { runtime: 1_000 } });
  expect(check({ realtime: { period: 1_000 } })).toEqual({ realtime: { period: 1_000 } });
});

test.each<[string, unknown, string]>([
  ['a negative burst', { burst: -1 }, 'cpu.max.burst'],
  ['a text as burst', { burst: '1' }, 'cpu.max.burst'],
  ['idle as a number', { idle: 1 }, 'cpu.idle'],
  ['a weight of what is idle', { idle: true, weight: 100 }, 'cpu.idle'],
  ['more than all of a CPU', { uclamp: { max: 101 } }, 'cpu.uclamp.max'],
  ['less than nothing of a CPU', { uclamp: { min: -0.1 } }, 'cpu.uclamp.min'],
  ['a fraction of a CPU that is none', { uclamp: { min: Number.NaN } }, 'cpu.uclamp.min'],
  ['a least clamp above the most', { uclamp: { min: 60, max: 50 } }, 'cpu.uclamp.min'],
  ['an unbounded least clamp', { uclamp: { min: 'max', max: 50 } }, 'cpu.uclamp.min'],
  ['one clamp for both', { uclamp: 50 }, 'cpu.uclamp'],
  ['a runtime beyond the period', { realtime: { runtime: 11, period: 10 } }, 'cpu.rt_runtime_us'],
  ['no period', { realtime: { runtime: 0, period: 0 } }, 'cpu.rt_period_us'],
  ['neither quota nor period', { max: {} }, 'cpu.max'],
  ['a quota of nothing', { max: { quota: 0 } }, 'cpu.max quota'],
  ['a period of a minute', { max: { period: 60_000_000 } }, 'cpu.max period'],
  ['a budget of nothing', { realtime: {} }, 'cpu.rt_runtime_us'],
  ['a misspelt clamp', { uclamp: { minimum: 1 } }, 'cpu.uclamp.minimum'],
])('refuses %s, and names the file', (_, limits, file) => {
  expect(() => check(limits)).toThrow(expect.objectContaining({ code: 'LIMIT_INVALID', path: '/estiba/x', file }));
});
