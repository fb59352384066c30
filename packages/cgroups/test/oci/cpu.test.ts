import { describe, expect, test } from 'vitest';
import { checkLimits } from '../../src/checked-limits.ts';
import { weightOfShares } from '../../src/oci/cpu.ts';
import { cpuSettings as v1CpuSettings } from '../../src/v1/cpu.ts';
import { cpuSettings } from '../../src/v2/cpu.ts';
import { rewritten, written } from '../written.ts';
import { ignoredOf, of } from './read.ts';

// TestConvertCPUSharesToCgroupV2Value in utils_test.go of opencontainers/cgroups v0.0.5, which runc uses since 1.3.2; crun 1.23 has
// the same formula, and the same ends in tests/tests_libcrun_cgroup.c.
test.each([
  [1, 1],
  [2, 1],
  [3, 2],
  [1_024, 100],
  [262_143, 10_000],
  [262_144, 10_000],
  [262_145, 10_000],
])('%d shares are a weight of %d', (shares, weight) => {
  expect(weightOfShares(shares)).toBe(weight);
});

test('more shares are never less weight', () => {
  for (let shares = 2, before = 0; shares <= 262_144; shares = Math.ceil(shares * 1.05)) {
    const weight = weightOfShares(shares);
    expect(weight).toBeGreaterThanOrEqual(before);
    before = weight;
  }
});

describe('cpu', () => {
  test('shares are a weight on v2, and what they are on v1', () => {
    expect(of({ cpu: { shares: 1_024 } })).toEqual({ cpu: { weight: 100 } });
    expect(of({ cpu: { shares: 1_024 } }, 1)).toEqual({ cpu: { shares: 1_024 } });
    expect(written(v1CpuSettings, { shares: 3_333 })).toEqual([['cpu.shares', '3333']]);
    expect(of({ cpu: { shares: 1 } }, 1)).toEqual({ cpu: { shares: 2 } });
    expect(of({ cpu: { shares: 300_000 } }, 1)).toEqual({ cpu: { shares: 262_144 } });
    expect(of({ cpu: { shares: 0 } })).toEqual({});
  });

  // setCPU() of fs2/cpu.go in opencontainers/cgroups, and write_cpu_resources() of crun; they write the usual period as well.
  const table: [quota: number | undefined, period: number | undefined, file: string | undefined][] = [
    [undefined, undefined, undefined],
    [0, 0, undefined],
    [50_000, undefined, '50000'],
    [50_000, 200_000, '50000 200000'],
    [-1, undefined, 'max'],
    [-1, 50_000, 'max 50000'],
    [undefined, 50_000, 'max 50000'],
  ];
  test.each(table)('a quota of %s in %s is %s', (quota, period, file) => {
    const { cpu = {} } = checkLimits(of({ cpu: { quota, period } }), '/estiba/x');
    expect(written(cpuSettings, cpu)).toEqual(file === undefined ? [] : [['cpu.max', file]]);
  });

  // "update cgroup cpu limits" in tests/integration/update.bats of runc.
  test.each([
    [{ quota: 600_000 }, '500000 1000000', '600000', ['600000']],
    [{ quota: -1 }, '500000 1000000', 'max', ['-1']],
    [{ period: 900_000 }, '500000 1000000', '500000 900000', [undefined, '900000']],
    [{ period: 900_000 }, 'max 1000000', 'max 900000', [undefined, '900000']],
  ])('an update with %j of %s writes %s: what is not said stays', (oci, inForce, v2, [quota, period]) => {
    const limits = (version: 1 | 2) => checkLimits(of({ cpu: oci }, version), '/estiba/x').cpu ?? {};
    expect(rewritten(cpuSettings, limits(2), { 'cpu.max': inForce })).toEqual([['cpu.max', v2]]);
    expect(rewritten(v1CpuSettings, limits(1), { 'cpu.cfs_period_us': '1000000' })).toEqual([
      ...(quota === undefined ? [] : [['cpu.cfs_quota_us', quota]]),
      ...(period === undefined ? [] : [['cpu.cfs_period_us', period]]),
    ]);
  });

  test('an update of the realtime period alone leaves the runtime, and the other way round', () => {
    const files = (cpu: object) => {
      const limits = checkLimits(of({ cpu }, 1), '/estiba/x').cpu ?? {};
      return rewritten(v1CpuSettings, limits, { 'cpu.rt_period_us': '500000' });
    };
    expect(files({ realtimePeriod: 1_000_000 })).toEqual([['cpu.rt_period_us', '1000000']]);
    expect(files({ realtimeRuntime: 2_000 })).toEqual([['cpu.rt_runtime_us', '2000']]);
    expect(files({ realtimeRuntime: 0, realtimePeriod: 1_000_000 })).toEqual([['cpu.rt_period_us', '1000000']]);
  });

  test('burst and idle are what they are, and what is idle has no weight', () => {
    expect(of({ cpu: { quota: 50_000, burst: 10_000 } })).toEqual({
      cpu: { max: { quota: 50_000 }, burst: 10_000 },
    });
    expect(of({ cpu: { idle: 1, shares: 2 } })).toEqual({ cpu: { idle: true } });
    expect(ignoredOf({ cpu: { idle: 1, shares: 2 } })).toEqual(['cpu.shares']);
    expect(of({ cpu: { idle: 0, shares: 2 } })).toEqual({ cpu: { idle: false, weight: 1 } });
  });

  test('what is neither idle nor not is refused', () => {
    expect(() => of({ cpu: { idle: 2 } })).toThrow(
      expect.objectContaining({ code: 'LIMIT_INVALID', file: 'linux.resources.cpu.idle' }),
    );
  });

  test('realtime is for v1', () => {
    const cpu = { realtimeRuntime: 950_000, realtimePeriod: 1_000_000 };
    expect(of({ cpu }, 1)).toEqual({ cpu: { realtime: { runtime: 950_000, period: 1_000_000 } } });
    expect(of({ cpu })).toEqual({});
    expect(ignoredOf({ cpu })).toEqual(['cpu.realtimeRuntime', 'cpu.realtimePeriod']);
  });

  test('processors are a cpuset', () => {
    expect(of({ cpu: { cpus: '0-1', mems: '0' } })).toEqual({ cpuset: { cpus: '0-1', mems: '0' } });
    expect(of({ cpu: { cpus: '', mems: '' } })).toEqual({});
  });
});
