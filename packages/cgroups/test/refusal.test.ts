import { expect, test } from 'vitest';
import { CgroupError } from '../src/cgroup-error.ts';
import { refusal } from '../src/refusal.ts';

const errno = (code: string) => Object.assign(new Error(code), { code });
const request = (file: string) => ({ attempt: `write 1 to ${file}`, path: '/estiba/x', file, value: '1' });
const here = import.meta.dirname;

test.each([
  ['EACCES', 'pids.max', 'CGROUP_DENIED', 'the user to whom the folder was delegated'],
  ['EPERM', 'pids.max', 'CGROUP_DENIED', 'the user to whom the folder was delegated'],
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
  ['E2BIG', 'cpuset.cpus', 'LIMIT_INVALID', 'longer than the kernel takes'],
  ['EISDIR', 'web.max', 'LIMIT_INVALID', 'no control file'],
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

// By the name of the call that failed, as @estiba/syscalls and Node give it.
test.each([
  ['pidfd_open', 'EPERM', 'CGROUP_DENIED', 'seccomp profile'],
  ['pidfd_open', 'ENOSYS', 'CONTROLLER_UNAVAILABLE', 'Linux 5.3'],
  ['pidfd_open', 'EMFILE', 'CGROUP_DENIED', 'RLIMIT_NOFILE'],
  ['pidfd_send_signal', 'ENOSYS', 'CONTROLLER_UNAVAILABLE', 'Linux 5.3'],
  ['epoll_create1', 'EMFILE', 'CGROUP_DENIED', 'RLIMIT_NOFILE'],
  ['eventfd2', 'ENFILE', 'CGROUP_DENIED', 'fs.file-max'],
  ['eventfd2', 'ENOMEM', 'CGROUP_DENIED', 'no memory'],
  ['epoll_ctl', 'ENOSPC', 'CGROUP_DENIED', 'fs.epoll.max_user_watches'],
  ['watch', 'ENOSPC', 'CGROUP_DENIED', 'fs.inotify.max_user_watches'],
  ['watch', 'EMFILE', 'CGROUP_DENIED', 'fs.inotify.max_user_instances; or .*RLIMIT_NOFILE'],
])('%s: %s is %s, with the remedy', (syscall, code, expected, words) => {
  const cause = Object.assign(errno(code), { syscall });
  const asked = { attempt: `kill the processes of /estiba/x: ${syscall}`, path: '/estiba/x', file: '/x/cgroup.procs' };
  expect(refusal(cause, asked)).toMatchObject({
    code: expected,
    path: '/estiba/x',
    cause,
    message: expect.stringMatching(new RegExp(`^cannot kill .* /estiba/x: ${syscall}: ${code}; .*${words}`)),
  });
});

test.each([
  ['move process 7 into /estiba/x: write to FILE', 'cgroup.procs', 'cpuset.cpus or cpuset.mems is empty'],
  ['create cgroup /estiba/x: mkdir FILE', 'x', '65,535 cgroups'],
  ['limit /estiba/x: write 1 to FILE', 'hugetlb.2MB.max', 'no rule of cgroups is known for it'],
])('no space, on the way to %s, is told of %s alone', (attempt, file, words) => {
  const full = `${here}/${file}`;
  const told = refusal(errno('ENOSPC'), { attempt: attempt.replace('FILE', full), path: '/estiba/x', file: full });
  expect(told).toMatchObject({ code: 'CGROUP_DENIED', message: expect.stringContaining(`: ENOSPC; `) });
  expect((told as Error).message).toContain(words);
});

test('an errno without a rule is told with its cause', () => {
  const cause = errno('EIO');
  const message = 'cannot write 1 to /x: EIO; no rule of cgroups is known for it; see the cause';
  expect(refusal(cause, request('/x'))).toMatchObject({ code: 'CGROUP_DENIED', path: '/estiba/x', cause, message });
});

test('what the kernel did not say stays as it is', () => {
  const invalid = errno('ERR_INVALID_ARG_TYPE');
  const told = new CgroupError('CGROUP_BUSY', 'cannot', { path: '/estiba/x' });
  const bug = new TypeError('undefined is not a function');
  for (const error of [invalid, told, bug]) expect(refusal(error, request('/x'))).toBe(error);
});
