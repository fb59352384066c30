import { expect, it } from 'vitest';
import { parseMountinfo } from '../../src/mounts/mountinfo.ts';

it('a line of mountinfo is read field by field, with and without optional ones', () => {
  const text = [
    '36 35 98:0 /mnt1 /mnt/a\\040b\\134c rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue',
    '37 36 0:42 / / ro - overlay over\\011lay ro,lowerdir=/a:/b,upperdir=/c\\054d',
    '',
  ].join('\n');
  expect(parseMountinfo(text)).toEqual([
    {
      id: 36,
      parent: 35,
      device: '98:0',
      root: '/mnt1',
      target: '/mnt/a b\\c',
      type: 'ext3',
      source: '/dev/root',
      options: ['rw', 'errors=continue'],
    },
    {
      id: 37,
      parent: 36,
      device: '0:42',
      root: '/',
      target: '/',
      type: 'overlay',
      source: 'over\tlay',
      options: ['ro', 'lowerdir=/a:/b', 'upperdir=/c,d'],
    },
  ]);
});
