import { describe, expect, it } from 'vitest';
import { cpusBetween, type Sample, type Usage } from '../../src/cli/top-sample.ts';
import { formatTable, rowsOf, type SortKey } from '../../src/cli/top-table.ts';

const before = sample(1_000, [
  { path: '/', cpuMicros: 0 },
  { path: '/a', cpuMicros: 100_000, memory: 2 ** 20, pids: 7 },
  { path: '/b', cpuMicros: 900_000 },
]);
const after = sample(2_000, [
  { path: '/', cpuMicros: 1_500_000 },
  { path: '/a', cpuMicros: 600_000, memory: 2 ** 20, pids: 7, pressure: 12.5 },
  { path: '/b', cpuMicros: 5 },
  { path: '/new', cpuMicros: 50, memory: 2 ** 30 },
]);

describe('the table of cgroups', () => {
  it('shows the CPU time between two looks, and nothing for what was not there before, or was made anew', () => {
    expect(['/', '/a', '/b', '/new'].map((path) => cpusBetween(before, after, path))).toEqual([1.5, 0.5, NaN, NaN]);
    expect(cpusBetween(undefined, after, '/')).toBeNaN();
  });

  it.each<[SortKey, string[]]>([
    ['cpu', ['/', '/a', '/b', '/new']],
    ['memory', ['/new', '/a', '/', '/b']],
    ['pids', ['/a', '/', '/b', '/new']],
    ['stall', ['/a', '/', '/b', '/new']],
    ['name', ['/', '/a', '/b', '/new']],
  ])('is sorted by %s', (sort, paths) => {
    expect(rowsOf(before, after, sort).map(({ path }) => path)).toEqual(paths);
  });

  it('is as wide and as high as the terminal', () => {
    const lines = formatTable(rowsOf(before, after, 'memory'), { sort: 'memory', columns: 60, rows: 3 });
    expect(lines).toEqual([
      'cgroup                       cpu     memory*    pids   stall',
      '/new                           -       1 GiB       -       -',
      '/a                        50.0 %       1 MiB       7  12.5 %',
    ]);
  });

  it('shows the end of a long path, and no character that a terminal obeys', () => {
    const path = `/very/long/${'x'.repeat(40)}/\u001b[2Jend`;
    const [, line = ''] = formatTable(rowsOf(undefined, sample(0, [{ path }]), 'cpu'), {
      sort: 'cpu',
      columns: 80,
      rows: 9,
    });
    expect(line).toHaveLength(80);
    expect(line.slice(0, 43)).toBe(`…${path.replace('\u001b', '?').slice(-42)}`);
    expect(line).not.toContain('\u001b');
  });
});

function sample(at: number, usages: readonly (Partial<Usage> & { path: string })[]): Sample {
  const none = { memory: Number.NaN, cpuMicros: Number.NaN, pids: Number.NaN, pressure: Number.NaN };
  return { at, usages: new Map(usages.map((usage) => [usage.path, { ...none, ...usage }])) };
}
