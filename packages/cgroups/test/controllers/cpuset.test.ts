import { expect, test } from 'vitest';
import { checkCpuset } from '../../src/controllers/cpuset.ts';

const check = (limits: unknown) => checkCpuset(limits as object, '/estiba/x');

test('lists stay as they are written, and may be empty', () => {
  const limits = { cpus: '0-2,7', mems: '', partition: 'root' };
  expect(check(limits)).toEqual(limits);
});

test.each<[string, unknown, string]>([
  ['a range that runs backwards', { cpus: '2-0' }, 'cpuset.cpus'],
  ['a range without an end that a machine could have', { cpus: '0-999999999999' }, 'cpuset.cpus'],
  ['a number instead of a list', { cpus: 0 }, 'cpuset.cpus'],
  ['a node of another name', { mems: 'node0' }, 'cpuset.mems'],
  ['a partition of another kind', { partition: 'exclusive' }, 'cpuset.cpus.partition'],
  ['a partition with a newline', { partition: 'root\n' }, 'cpuset.cpus.partition'],
  ['another key', { cpu: '0' }, 'cpuset.cpu'],
])('refuses %s, and names the file', (_, limits, file) => {
  expect(() => check(limits)).toThrow(expect.objectContaining({ code: 'LIMIT_INVALID', path: '/estiba/x', file }));
});
