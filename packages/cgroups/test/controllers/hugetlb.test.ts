import { describe, expect, test } from 'vitest';
import { checkHugetlb, type HugetlbLimits } from '../../src/controllers/hugetlb.ts';
import { parseHugePages } from '../../src/huge-pages.ts';

const check = (limits: unknown) => checkHugetlb(limits as HugetlbLimits, '/estiba/x');

describe('checkHugetlb', () => {
  test('a size of pages is named as the kernel names its files', () => {
    const sizes = { '64KiB': 0, '2MiB': '64MiB', '1GiB': 'max', '16GiB': { max: 0, rsvd: '32GiB' } };
    expect([...check(sizes)]).toEqual([
      ['64KB', { max: 0 }],
      ['2MB', { max: 64 * 2 ** 20 }],
      ['1GB', { max: 'max' }],
      ['16GB', { max: 0, rsvd: 2 ** 35 }],
    ]);
    expect([...check({ '2048KiB': { rsvd: 0 } }).keys()]).toEqual(['2MB']);
    expect([...check({ '2MiB': undefined })]).toEqual([]);
  });

  const wrong: [string, unknown, string, string][] = [
    ["the kernel's own name for a size, which means something else elsewhere", { '2MB': 0 }, 'hugetlb.2MB', '0'],
    ['no size', { max: '2MiB' }, 'hugetlb.max', '2MiB'],
    ['a size that no page has', { '3MiB': 0 }, 'hugetlb.3MiB', '0'],
    ['half a size', { '0.5KiB': 0 }, 'hugetlb.0.5KiB', '0'],
    ['a path', { '../2MiB': 0 }, 'hugetlb.../2MiB', '0'],
    ['a negative limit', { '2MiB': -1 }, 'hugetlb.2MB.max', '-1'],
    ['a negative reservation', { '2MiB': { rsvd: -1 } }, 'hugetlb.2MB.rsvd.max', '-1'],
    ['nothing', { '2MiB': null }, 'hugetlb.2MB.max', 'null'],
    ['a limit of another name', { '2MiB': { min: 0 } }, 'hugetlb.2MiB.min', '0'],
    ['a number where sizes should be', 4096, 'hugetlb', '4096'],
    ['nothing where sizes should be', null, 'hugetlb', 'null'],
    ['a list where sizes should be', ['2MiB'], 'hugetlb', '["2MiB"]'],
  ];
  test.each(wrong)('refuses %s, and names file and value', (_, limits, file, value) => {
    expect(() => check(limits)).toThrow(
      expect.objectContaining({ name: 'CgroupError', code: 'LIMIT_INVALID', path: '/estiba/x', file, value }),
    );
  });
});

test('the sizes of a machine are the folders of /sys/kernel/mm/hugepages', () => {
  const folders = ['hugepages-1048576kB', 'hugepages-2048kB', 'hugepages-64kB', 'README'];
  expect(folders.flatMap(parseHugePages)).toEqual([
    { size: '1GiB', name: '1GB' },
    { size: '2MiB', name: '2MB' },
    { size: '64KiB', name: '64KB' },
  ]);
});
