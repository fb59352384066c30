import { readFileSync, writeFileSync } from 'node:fs';
import { scratch } from '@estiba/testkit';
import { expect, test } from 'vitest';
import type { CpusetLimits } from '../../src/controllers/cpuset.ts';
import { cpusetSettings, readCpuset } from '../../src/v2/cpuset.ts';
import { rewritten, written } from '../written.ts';

test('CPUs and nodes are written before the partition that needs them, and looked at', () => {
  expect(written(cpusetSettings, { cpus: '0-2,7', mems: '0', partition: 'root' })).toEqual([
    ['cpuset.cpus', '0-2,7'],
    ['see what /estiba/x was given in cpuset.cpus'],
    ['cpuset.mems', '0'],
    ['see what /estiba/x was given in cpuset.mems'],
    ['make /estiba/x a cpuset partition: root'],
  ]);
});

test('the empty list is a line without numbers; a new cgroup has it already', () => {
  expect(rewritten(cpusetSettings, { mems: '' }, {})).toEqual([['reset cpuset.mems of /estiba/x']]);
  expect(written(cpusetSettings, { cpus: '', mems: '', partition: 'member' })).toEqual([]);
});

test('when the CPUs of a partition change, it is looked at again', () => {
  expect(rewritten(cpusetSettings, { cpus: '' }, {}).at(-1)).toEqual([
    'see whether /estiba/x is still a cpuset partition',
  ]);
});

test('what a partition root became invalid for is an error', async () => {
  await using files = scratch();
  writeFileSync(files.join('cpuset.cpus'), '0\n');
  writeFileSync(files.join('cpuset.cpus.effective'), '1\n');
  writeFileSync(files.join('cpuset.cpus.partition'), 'root invalid (Parent unable to distribute cpu downstream)\n');
  expect(() => apply({ cpus: '1' }, files.join('.'))).toThrow(
    expect.objectContaining({
      code: 'LIMIT_INVALID',
      message: expect.stringContaining('(Parent unable to distribute'),
    }),
  );
});

test('CPUs that the cgroup above does not have are refused, where the kernel would give all others', async () => {
  await using files = scratch();
  writeFileSync(files.join('cpuset.cpus'), '0\n');
  writeFileSync(files.join('cpuset.cpus.effective'), '0\n');
  expect(() => apply({ cpus: '1' }, files.join('.'), true)).toThrow(
    expect.objectContaining({ code: 'LIMIT_INVALID', value: '1', message: expect.stringContaining('effective is 0') }),
  );
  expect(() => apply({ cpus: '0-1' }, files.join('.'), true)).not.toThrow();
});

test('a file that takes the word makes a partition', async () => {
  await using files = scratch();
  writeFileSync(files.join('cpuset.cpus.partition'), 'member\n');
  apply({ partition: 'isolated' }, files.join('.'));
  expect(readFileSync(files.join('cpuset.cpus.partition'), 'utf8')).toMatch(/^isolated/);
});

test('a partition that the file does not confirm is an error, and is taken back', async () => {
  await using files = scratch();
  // Where the kernel adds the reason, the rest of the longer word stays.
  writeFileSync(files.join('cpuset.cpus.partition'), 'member');
  expect(() => apply({ partition: 'root' }, files.join('.'))).toThrow(
    expect.objectContaining({ code: 'LIMIT_INVALID', message: expect.stringContaining("the kernel answers 'rooter'") }),
  );
  expect(readFileSync(files.join('cpuset.cpus.partition'), 'utf8')).toBe('member');
});

test('the empty list is written as an empty line', async () => {
  await using files = scratch();
  writeFileSync(files.join('cpuset.mems'), '0\n');
  apply({ mems: '' }, files.join('.'));
  expect(readFileSync(files.join('cpuset.mems'), 'utf8')).toMatch(/^\n/);
});

test('a kernel without partitions is named', async () => {
  await using files = scratch();
  expect(() => apply({ partition: 'root' }, files.join('.'))).toThrow(
    expect.objectContaining({
      code: 'CONTROLLER_UNAVAILABLE',
      file: expect.stringMatching(/cpuset\.cpus\.partition$/),
    }),
  );
});

test('lists are told as numbers, and a partition as the kernel tells it', async () => {
  await using files = scratch();
  writeFileSync(files.join('cpuset.cpus.effective'), '0-2,7\n');
  writeFileSync(files.join('cpuset.mems.effective'), '\n');
  expect(readCpuset(files.join('.'))).toEqual({ effectiveCpus: [0, 1, 2, 7], effectiveMems: [] });
  writeFileSync(files.join('cpuset.cpus.partition'), 'root invalid (Cpu list in cpuset.cpus not exclusive)\n');
  expect(readCpuset(files.join('.')).partition).toBe('root invalid (Cpu list in cpuset.cpus not exclusive)');
});

/** The actions alone, on a folder of plain files. */
function apply(limits: CpusetLimits, directory: string, fresh = false): void {
  for (const setting of cpusetSettings(limits, { path: '/estiba/x', directory, fresh })) {
    if ('apply' in setting) setting.apply(directory);
  }
}
