import { expect, test } from 'vitest';
import { hugetlbSettings, readHugetlb } from '../../src/v2/hugetlb.ts';
import { inFolder } from '../in-folder.ts';
import { written } from '../written.ts';

test('limits are the files of the same name, reservations first', () => {
  const limits = new Map([
    ['2MB', { max: 4_194_304, rsvd: 0 }],
    ['1GB', { max: 'max' as const }],
  ]);
  expect(written(hugetlbSettings, limits)).toEqual([
    ['hugetlb.2MB.rsvd.max', '0'],
    ['hugetlb.2MB.max', '4194304'],
    ['hugetlb.1GB.max', 'max'],
  ]);
  expect(written(hugetlbSettings, new Map([['2MB', {}]]))).toEqual([]);
});

test('every number is read, and what a kernel lacks is NaN', () => {
  const oldest = { 'hugetlb.2MB.current': '0', 'hugetlb.2MB.max': 'max' };
  const files = {
    'hugetlb.2MB.current': '4194304',
    'hugetlb.2MB.max': '8388608',
    'hugetlb.2MB.rsvd.current': '2097152',
    'hugetlb.2MB.rsvd.max': 'max',
    'hugetlb.2MB.events': 'max 3',
    'hugetlb.2MB.events.local': 'max 1',
    'hugetlb.2MB.numa_stat': 'total=4194304 N0=2097152 N1=2097152',
  };
  const read = (directory: string) => readHugetlb(directory, '2MB');
  expect(inFolder(files, read)).toEqual({
    current: 4_194_304,
    peak: Number.NaN,
    max: 8_388_608,
    rsvd: { current: 2_097_152, peak: Number.NaN, max: Number.POSITIVE_INFINITY },
    events: { max: 3 },
    localEvents: { max: 1 },
    nodes: { 0: 2_097_152, 1: 2_097_152 },
  });
  expect(inFolder(oldest, read)).toMatchObject({
    current: 0,
    rsvd: { max: Number.NaN },
    events: { max: Number.NaN },
    nodes: {},
  });
});
