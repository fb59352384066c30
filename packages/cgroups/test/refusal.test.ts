import { expect, test } from 'vitest';
import { refusal } from '../src/refusal.ts';

const errno = (code: string) => Object.assign(new Error(code), { code });
const request = (file: string) => ({ attempt: `write 1 to ${file}`, path: '/estiba/x', file, value: '1' });
const here = import.meta.dirname;

test.each([
  ['EACCES', 'pids.max', 'CGROUP_DENIED', 'Delegate=yes'],
  ['EPERM', 'pids.max', 'CGROUP_DENIED', 'Delegate=yes'],
  ['EROFS', 'pids.max', 'CGROUP_DENIED', 'read-only'],
  ['EAGAIN', 'x', 'CGROUP_DENIED', 'cgroup.max.depth'],
  ['ENOENT', 'pids.max', 'CONTROLLER_UNAVAILABLE', 'enabled in the parent'],
  ['ENOENT', 'memory.swap.max', 'CONTROLLER_UNAVAILABLE', 'swapaccount=1'],
  ['ENOENT', 'gone/pids.max', 'CGROUP_GONE', 'has been removed'],
  ['ENODEV', 'gone/pids.max', 'CGROUP_GONE', 'has been removed'],
  ['EEXIST', 'x', 'CGROUP_EXISTS', 'another name'],
  ['EBUSY', 'cgroup.subtree_control', 'CGROUP_BUSY', 'move them into a child first'],
  ['EBUSY', 'cgroup.procs', 'CGROUP_BUSY', 'use a child'],
  ['EBUSY', 'memory.limit_in_bytes', 'CGROUP_BUSY', 'higher value'],
  ['EINVAL', 'cpu.cfs_quota_us', 'LIMIT_INVALID', 'parent'],
  ['EINVAL', 'cgroup.procs', 'CGROUP_DENIED', 'kernel thread'],
  ['ENOTSUP', 'cgroup.procs', 'CGROUP_DENIED', 'threaded'],
  ['ENAMETOOLONG', 'x', 'PATH_INVALID', '4095 bytes'],
  ['ENOTDIR', 'x', 'PATH_INVALID', 'control file'],
  ['ESRCH', 'cgroup.procs', 'PROCESS_GONE', 'no such process'],
])('%s on %s is %s, with the rule in words', (code, file, expected, words) => {
  const cause = errno(code);
  expect(refusal(cause, request(`${here}/${file}`))).toMatchObject({
    code: expected,
    path: '/estiba/x',
    file: `${here}/${file}`,
    value: '1',
    cause,
    message: expect.stringMatching(new RegExp(`^cannot write 1 to .*: ${code}; .*${words}`)),
  });
});

test('what we cannot name stays as it is', () => {
  const [strange, bug] = [errno('EIO'), new TypeError('undefined is not a function')];
  expect(refusal(strange, request('/x'))).toBe(strange);
  expect(refusal(bug, request('/x'))).toBe(bug);
});
