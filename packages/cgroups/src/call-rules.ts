import type { CgroupErrorCode } from './cgroup-error.ts';

/** What an errno means of these system calls, which are about no control file; undefined: of another call. */
export function callRuleFor(errno: string, cause: unknown): readonly [CgroupErrorCode, string] | undefined {
  return RULES.get(callOf(cause))?.[errno];
}

/** The system call that failed, `openat`; of Node's own functions the name that libuv has for it, `open`. */
export function callOf(cause: unknown): string {
  return cause instanceof Error && 'syscall' in cause && typeof cause.syscall === 'string' ? cause.syscall : '';
}

/** What this process or this machine has run out of, whatever was asked for. */
export function shortage(errno: string): readonly [CgroupErrorCode, string] | undefined {
  return SHORTAGES[errno];
}

type Rules = Readonly<Record<string, readonly [CgroupErrorCode, string]>>;

const FILES = 'this process has as many descriptors open as it may (RLIMIT_NOFILE); raise that, `ulimit -n`';

const SHORTAGES: Rules = {
  EMFILE: ['CGROUP_DENIED', `${FILES}, or close some`],
  ENFILE: ['CGROUP_DENIED', 'this machine has as many files open as it may; raise the sysctl fs.file-max'],
  ENOMEM: [
    'CGROUP_DENIED',
    'the kernel has no memory for it; free some, or raise the limit of the cgroup of this process',
  ],
};

// pidfd_open(2) and pidfd_send_signal(2): an engine for containers forbids calls that its seccomp profile does not know.
const NEWER_ENGINE =
  'run this outside, or with an engine of 2021 or later, whose seccomp profile knows pidfd_open and pidfd_send_signal';
const PIDFDS: Rules = {
  EPERM: ['CGROUP_DENIED', `a seccomp profile forbids this call; ${NEWER_ENGINE}`],
  ENOSYS: [
    'CONTROLLER_UNAVAILABLE',
    `processes are signalled by pidfds, with Linux 5.3; in a container ${NEWER_ENGINE}`,
  ],
};

const RULES: ReadonlyMap<string, Rules> = new Map([
  ['pidfd_open', PIDFDS],
  ['pidfd_send_signal', PIDFDS],
  // epoll(7)
  ['epoll_ctl', { ENOSPC: ['CGROUP_DENIED', tooMuch('raise the sysctl fs.epoll.max_user_watches')] }],
  // inotify(7); by this name libuv means both calls
  [
    'watch',
    {
      ENOSPC: ['CGROUP_DENIED', tooMuch('raise the sysctl fs.inotify.max_user_watches')],
      EMFILE: ['CGROUP_DENIED', `${tooMuch('raise the sysctl fs.inotify.max_user_instances')}; or ${FILES}`],
    },
  ],
]);

function tooMuch(remedy: string): string {
  return `this user watches too much: ${remedy}`;
}
