import type { CgroupErrorCode } from './cgroup-error.ts';

/** What an errno means for these files, where it means something else than for others. */
interface Rule {
  readonly errno: string;
  readonly file: RegExp;
  readonly code: CgroupErrorCode;
  readonly words: string;
  /** Only when the kernel refused the text, and not the opening of the file. */
  readonly onWrite?: true;
}

export function ruleFor(errno: string, file: string, cause: unknown): [CgroupErrorCode, string] | undefined {
  const onWrite = cause instanceof Error && 'syscall' in cause && cause.syscall === 'write';
  const rule = RULES.find((each) => each.errno === errno && each.file.test(file) && (onWrite || !each.onWrite));
  return rule && [rule.code, rule.words];
}

/** Files that a kernel may be without, and since when, or with which setting, they are there. */
export function originOf(file: string): string | undefined {
  return ORIGINS.find(([pattern]) => pattern.test(file))?.[1];
}

const NO_SUCH_NUMBER =
  'this machine has no such number (see /sys/devices/system/cpu/online, node/online), or a sibling has it alone';

const RULES: readonly Rule[] = [
  {
    errno: 'EINVAL',
    file: /\/cpu\.(max|cfs_quota_us|max\.burst|cfs_burst_us)$/,
    code: 'LIMIT_INVALID',
    words:
      'a burst may not be above the quota (lower cpu.burst with it); on v1 this may exceed what the parent ' +
      'allows, or be less than a cgroup below has',
  },
  {
    errno: 'EINVAL',
    file: /\/cpu\.cfs_period_us$/,
    code: 'LIMIT_INVALID',
    words: 'this may exceed what the parent allows, or be less than a cgroup below has, if only until the next write',
  },
  {
    errno: 'EINVAL',
    file: /\/cpu\.(weight|shares)$/,
    code: 'LIMIT_INVALID',
    words: 'an idle cgroup has no weight; set cpu.idle to false with it',
  },
  {
    errno: 'EINVAL',
    file: /\/cpu\.rt_(runtime|period)_us$/,
    code: 'LIMIT_INVALID',
    words: 'every cgroup above needs as much realtime, and those beside it share it; give it to them first',
  },
  {
    errno: 'EBUSY',
    file: /\/cpu\.rt_runtime_us$/,
    code: 'CGROUP_BUSY',
    words: 'realtime processes are in it; move them elsewhere, or give them another policy: chrt --other --pid 0 PID',
  },
  {
    errno: 'EACCES',
    file: /\/cpuset\.(cpus|mems)$/,
    code: 'LIMIT_INVALID',
    words: 'on v1 it must be a part of what the cgroup above has',
    onWrite: true,
  },
  {
    errno: 'EBUSY',
    file: /\/cpuset\.(cpus|mems)$/,
    code: 'CGROUP_BUSY',
    words: 'on v1 a cgroup below uses what would be taken away; change that one first',
  },
  {
    errno: 'ENOSPC',
    file: /\/cpuset\.(cpus|mems)$/,
    code: 'CGROUP_BUSY',
    words: 'this kernel does not empty the list while processes are in it; write that of the cgroup above instead',
  },
  {
    errno: 'EINVAL',
    file: /\/cpuset\.(cpus|mems)$/,
    code: 'LIMIT_INVALID',
    words: NO_SUCH_NUMBER,
  },
  {
    // More than the kernel has room for, before it looks at what there is.
    errno: 'ERANGE',
    file: /\/cpuset\.(cpus|mems)$/,
    code: 'LIMIT_INVALID',
    words: NO_SUCH_NUMBER,
  },
  {
    errno: 'ENODEV',
    file: /\/rdma\.max$/,
    code: 'LIMIT_INVALID',
    words: 'there is no such RDMA device; those of this machine are in /sys/class/infiniband',
    onWrite: true,
  },
  {
    errno: 'ENODEV',
    file: /\/net_prio\.ifpriomap$/,
    code: 'LIMIT_INVALID',
    words: 'there is no such network interface; see ip-link(8)',
    onWrite: true,
  },
  {
    errno: 'EINVAL',
    file: /\/misc\.max$/,
    code: 'LIMIT_INVALID',
    words: 'this machine has no such resource; misc.capacity of the root names those that it has',
  },
  {
    errno: 'EPERM',
    file: /\/devices\.allow$/,
    code: 'CGROUP_DENIED',
    words:
      'on v1 the cgroup above has to allow this first (its devices.list names what it allows), and it takes CAP_SYS_ADMIN; ' +
      'below one that only allows some devices use { allow: [...] }',
    onWrite: true,
  },
  {
    errno: 'EINVAL',
    file: /\/devices\.(allow|deny)$/,
    code: 'CGROUP_BUSY',
    words:
      'on v1 a cgroup with others below it can only go from one list of what is allowed to another; remove those first',
    onWrite: true,
  },
];

const ORIGINS: readonly [RegExp, string][] = [
  [/\/cpu\.(max\.burst|cfs_burst_us)$/, 'it is there since Linux 5.14'],
  [/\/cpu\.idle$/, 'it is there since Linux 5.15'],
  [/\/cpu\.uclamp\.(min|max)$/, 'it needs one that is built with CONFIG_UCLAMP_TASK_GROUP'],
  [/\/cpu\.rt_(runtime|period)_us$/, 'it needs one that is built with CONFIG_RT_GROUP_SCHED'],
  [/\/io\.latency$/, 'it is there since Linux 4.19, with CONFIG_BLK_CGROUP_IOLATENCY'],
  [/\/(io|blkio)\.prio\.class$/, 'it is there since Linux 5.14, with CONFIG_BLK_CGROUP_IOPRIO'],
  [/\/io\.weight$/, 'it needs one that is built with CONFIG_BLK_CGROUP_IOCOST (Linux 5.4), or with the scheduler bfq'],
  [/\/blkio\.bfq\.weight(_device)?$/, 'it needs one that is built with the scheduler bfq, CONFIG_BFQ_GROUP_IOSCHED'],
  [/\/cpuset\.cpus\.partition$/, 'it is there since Linux 5.0'],
  [/\/memory\.swap\.high$/, 'it is there since Linux 5.8'],
  [/\/memory\.reclaim$/, 'it is there since Linux 5.19'],
  [/\/memory\.zswap\.max$/, 'it is there since Linux 5.19, with CONFIG_ZSWAP'],
  [/\/memory\.zswap\.writeback$/, 'it is there since Linux 6.8, with CONFIG_ZSWAP'],
  [/\/memory\.min$/, 'it is there since Linux 4.18'],
  [/\/memory\.oom\.group$/, 'it is there since Linux 4.19'],
  [
    /\/hugetlb\.\w+\.rsvd\.(max|limit_in_bytes)$/,
    'it is there since Linux 5.7, for the sizes in /sys/kernel/mm/hugepages',
  ],
  [/\/hugetlb\.\w+\.(max|limit_in_bytes)$/, 'this machine has pages of the sizes in /sys/kernel/mm/hugepages'],
];
