import { mkdirSync, writeFileSync } from 'node:fs';
import { scratch } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { cpusetSettings } from '../../src/v1/cpuset.ts';
import { written } from '../written.ts';

test('lists are written as they are', () => {
  expect(written(cpusetSettings, { cpus: '0-2,7', mems: '0' })).toEqual([
    ['cpuset.cpus', '0-2,7'],
    ['cpuset.mems', '0'],
  ]);
});

test('the empty list is that of the cgroup above, which a new one has already', async () => {
  await using files = scratch();
  const directory = files.join('child');
  mkdirSync(directory);
  writeFileSync(files.join('cpuset.cpus'), '0-3\n');
  expect(cpusetSettings({ cpus: '' }, { path: '/estiba/x', directory, fresh: false })).toEqual([
    { file: 'cpuset.cpus', value: '0-3' },
  ]);
  expect(written(cpusetSettings, { cpus: '', mems: '' })).toEqual([]);
});

test('partitions are refused, and to be a member of one is what every cgroup is', () => {
  for (const partition of ['root', 'isolated'] as const) {
    expect(() => written(cpusetSettings, { cpus: '0', partition })).toThrow(
      expect.objectContaining({ code: 'CONTROLLER_UNAVAILABLE', file: 'cpuset.cpus.partition', value: partition }),
    );
  }
  expect(written(cpusetSettings, { partition: 'member' })).toEqual([]);
});
