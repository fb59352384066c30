import { expect, test } from 'vitest';
import { checkLimits } from '../../src/checked-limits.ts';
import { limitsOfOci } from '../../src/oci/limits.ts';
import type { OciResources } from '../../src/oci/resources.ts';
import { ignoredOf, of } from './read.ts';

// setPids() of runc; crun says nothing of 0.
test.each([
  [-1, 'max'],
  [0, 1],
  [1, 1],
  [100, 100],
  [9_999_999, 'max'],
])('a pids limit of %d is %s', (limit, max) => {
  expect(of({ pids: { limit } })).toEqual({ pids: { max } });
});

test('huge pages are limited in use and in reservations', () => {
  const hugepageLimits = [
    { pageSize: '2MB', limit: 4_194_304 },
    { pageSize: '1GB', limit: 0 },
    { pageSize: '64KB', limit: 2 ** 63 - 4_096 },
  ];
  const { limits } = limitsOfOci({ hugepageLimits }, { version: 2 });
  expect(checkLimits(limits, '/estiba/x').hugetlb).toEqual(
    new Map<string, object>([
      ['2MB', { max: 4_194_304, rsvd: 4_194_304 }],
      ['1GB', { max: 0, rsvd: 0 }],
      ['64KB', { max: 'max', rsvd: 'max' }],
    ]),
  );
});

test('rdma, network and unified are handed on', () => {
  const resources: OciResources = {
    rdma: { mlx5_1: { hcaHandles: 3, hcaObjects: 10_000 }, mlx4_0: { hcaObjects: 2 ** 32 - 1 } },
    network: { classID: 1_048_577, priorities: [{ name: 'eth0', priority: 500 }] },
    unified: { 'memory.high': '1000000', 'hugetlb.1GB.max': '0', 'io.max': '8:0 rbps=1\n8:16 rbps=1', 'cpu.idle': '' },
  };
  expect(of(resources)).toEqual({
    rdma: { max: { mlx5_1: { hcaHandle: 3, hcaObject: 10_000 }, mlx4_0: { hcaObject: 'max' } } },
    netCls: { classid: 1_048_577 },
    netPrio: { eth0: 500 },
    unified: { 'memory.high': '1000000', 'hugetlb.1GB.max': '0', 'io.max': '8:0 rbps=1\n8:16 rbps=1' },
  });
});

test('nothing said is nothing limited but devices', () => {
  expect(limitsOfOci({}, { version: 2, update: true })).toEqual({ limits: {}, ignored: [], checkBeforeUpdate: false });
  const nothing = { memory: {}, cpu: {}, pids: {}, blockIO: {}, network: {}, rdma: {}, unified: {}, devices: null };
  expect(of(nothing)).toEqual({});
});

test('keys that are not known are listed', () => {
  const resources = { memory: { limit: 8_192, colour: 'red' }, cpus: 1, devices: [{ allow: true, why: '' }] };
  expect(ignoredOf(resources)).toEqual(['memory.colour', 'devices[0].why', 'cpus']);
});

const wrong: [what: string, resources: unknown, file: string][] = [
  ['a limit as a text', { memory: { limit: '64M' } }, 'memory.limit'],
  ['half a share', { cpu: { shares: 0.5 } }, 'cpu.shares'],
  [
    'a negative rate',
    { blockIO: { throttleReadBpsDevice: [{ major: 8, minor: 0, rate: -1 }] } },
    'blockIO.throttleReadBpsDevice[0].rate',
  ],
  [
    'a rate of no disk',
    { blockIO: { throttleReadBpsDevice: [{ rate: 1 }] } },
    'blockIO.throttleReadBpsDevice[0].major',
  ],
  ['a list that is none', { devices: {} }, 'devices'],
  ['a device of another type', { devices: [{ allow: true, type: 'p' }] }, 'devices[0].type'],
  ['a page size that is none', { hugepageLimits: [{ pageSize: 'big', limit: 1 }] }, 'hugepageLimits[0].pageSize'],
  ['unified values that are no texts', { unified: { 'memory.high': 1 } }, 'unified.memory.high'],
  ['a list of resources', { memory: [] }, 'memory'],
];
test.each(wrong)('refuses %s, and names the key', (_, resources, file) => {
  expect(() => of(resources)).toThrow(
    expect.objectContaining({ name: 'CgroupError', code: 'LIMIT_INVALID', file: `linux.resources.${file}` }),
  );
});
