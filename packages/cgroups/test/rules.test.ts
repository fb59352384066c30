import { expect, test } from 'vitest';
import { refusal } from '../src/refusal.ts';

const here = import.meta.dirname;
const ask = (errno: string, syscall: string, file: string) =>
  refusal(Object.assign(new Error(errno), { code: errno, syscall }), {
    attempt: `write 1 to ${file}`,
    path: '/estiba/x',
    file: `${here}/${file}`,
    value: '1',
  });

test.each([
  ['EINVAL', 'cpu.max', 'LIMIT_INVALID', 'burst may not be above the quota'],
  ['EINVAL', 'cpu.cfs_burst_us', 'LIMIT_INVALID', 'burst may not be above the quota'],
  ['EINVAL', 'cpu.cfs_period_us', 'LIMIT_INVALID', 'until the next write'],
  ['EINVAL', 'cpu.weight', 'LIMIT_INVALID', 'an idle cgroup has no weight'],
  ['EINVAL', 'cpu.rt_runtime_us', 'LIMIT_INVALID', 'every cgroup above needs'],
  ['EBUSY', 'cpu.rt_runtime_us', 'CGROUP_BUSY', 'realtime processes are in it'],
  ['EACCES', 'cpuset.cpus', 'LIMIT_INVALID', 'part of what the cgroup above has'],
  ['EBUSY', 'cpuset.mems', 'CGROUP_BUSY', 'a cgroup below uses'],
  ['ENOSPC', 'cpuset.cpus', 'CGROUP_BUSY', 'write that of the cgroup above'],
  ['EINVAL', 'cpuset.cpus', 'LIMIT_INVALID', 'no such number'],
  ['ERANGE', 'cpuset.cpus', 'LIMIT_INVALID', 'no such number'],
  ['ENODEV', 'rdma.max', 'LIMIT_INVALID', '/sys/class/infiniband'],
  ['ENODEV', 'net_prio.ifpriomap', 'LIMIT_INVALID', 'no such network interface'],
  ['EINVAL', 'misc.max', 'LIMIT_INVALID', 'misc.capacity'],
])('%s for a text in %s is %s, in words of its own', (errno, file, code, words) => {
  expect(ask(errno, 'write', file)).toMatchObject({ code, message: expect.stringContaining(words) });
});

test('a cpuset that may not be opened is a matter of rights', () => {
  expect(ask('EACCES', 'open', 'cpuset.cpus')).toMatchObject({ code: 'CGROUP_DENIED' });
});

test.each([
  ['cpu.max.burst', 'Linux 5.14'],
  ['cpu.idle', 'Linux 5.15'],
  ['cpu.uclamp.min', 'CONFIG_UCLAMP_TASK_GROUP'],
  ['cpu.rt_period_us', 'CONFIG_RT_GROUP_SCHED'],
  ['io.latency', 'CONFIG_BLK_CGROUP_IOLATENCY'],
  ['io.prio.class', 'CONFIG_BLK_CGROUP_IOPRIO'],
  ['blkio.prio.class', 'Linux 5.14'],
  ['io.weight', 'CONFIG_BLK_CGROUP_IOCOST'],
  ['blkio.bfq.weight', 'CONFIG_BFQ_GROUP_IOSCHED'],
])('where %s is missing, the error says what would have it', (file, words) => {
  expect(ask('ENOENT', 'open', file)).toMatchObject({
    code: 'CONTROLLER_UNAVAILABLE',
    message: expect.stringContaining(words),
  });
});
