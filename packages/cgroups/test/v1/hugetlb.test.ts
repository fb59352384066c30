import { expect, test } from 'vitest';
import { hugetlbSettings, readHugetlb } from '../../src/v1/hugetlb.ts';
import { inFolder } from '../in-folder.ts';
import { written } from '../written.ts';

test('limits are limit_in_bytes, no limit is -1', () => {
  const limits = new Map([
    ['2MB', { max: 4_194_304, rsvd: 0 }],
    ['1GB', { max: 'max', rsvd: 'max' } as const],
  ]);
  expect(written(hugetlbSettings, limits)).toEqual([
    ['hugetlb.2MB.rsvd.limit_in_bytes', '0'],
    ['hugetlb.2MB.limit_in_bytes', '4194304'],
    ['hugetlb.1GB.rsvd.limit_in_bytes', '-1'],
    ['hugetlb.1GB.limit_in_bytes', '-1'],
  ]);
});

test('every number is read', () => {
  const files = {
    'hugetlb.2MB.usage_in_bytes': '4194304',
    'hugetlb.2MB.max_usage_in_bytes': '6291456',
    'hugetlb.2MB.limit_in_bytes': '9223372036854771712',
    'hugetlb.2MB.failcnt': '2',
    'hugetlb.2MB.rsvd.usage_in_bytes': '0',
    'hugetlb.2MB.rsvd.max_usage_in_bytes': '2097152',
    'hugetlb.2MB.rsvd.limit_in_bytes': '8388608',
    'hugetlb.2MB.rsvd.failcnt': '1',
    'hugetlb.2MB.numa_stat': 'total=0 N0=0 N1=0\nhierarchical_total=4194304 N0=4194304 N1=0',
  };
  expect(inFolder(files, (directory) => readHugetlb(directory, '2MB'))).toEqual({
    current: 4_194_304,
    peak: 6_291_456,
    max: Number.POSITIVE_INFINITY,
    rsvd: { current: 0, peak: 2_097_152, max: 8_388_608 },
    events: { max: 2 },
    localEvents: { max: 2 },
    nodes: { 0: 4_194_304, 1: 0 },
  });
});
