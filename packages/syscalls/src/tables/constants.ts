/** The kernel's names of numbers and flags, for printing calls. Values are those of x64 and arm64 unless stated. */
import {
  cloneFlags,
  type FlagTable,
  mountAttributes,
  mountFlags,
  openFlags,
  resolveFlags,
  umountFlags,
} from '../flags.ts';

const { rdonly: _, wronly: __, rdwr: ___, ...openRest } = openFlags;

/** Sums of bits, by the type that signatures.ts gives a parameter. */
export const flagTables: Readonly<Record<string, FlagTable>> = {
  at: { AT_SYMLINK_NOFOLLOW: 0x100, AT_SYMLINK_FOLLOW: 0x400, AT_EMPTY_PATH: 0x1000, AT_RECURSIVE: 0x8000 },
  clone: {
    CLONE_NEWNS: cloneFlags.mount,
    CLONE_NEWCGROUP: cloneFlags.cgroup,
    CLONE_NEWUTS: cloneFlags.uts,
    CLONE_NEWIPC: cloneFlags.ipc,
    CLONE_NEWUSER: cloneFlags.user,
    CLONE_NEWPID: cloneFlags.pid,
    CLONE_NEWNET: cloneFlags.network,
    CLONE_NEWTIME: cloneFlags.time,
  },
  close_range: { CLOSE_RANGE_UNSHARE: 2, CLOSE_RANGE_CLOEXEC: 4 },
  fsmount: { FSMOUNT_CLOEXEC: 1 },
  fsopen: { FSOPEN_CLOEXEC: 1 },
  memfd: { MFD_CLOEXEC: 1, MFD_ALLOW_SEALING: 2, MFD_HUGETLB: 4, MFD_NOEXEC_SEAL: 8, MFD_EXEC: 0x10 },
  mount: prefixed('MS_', mountFlags),
  mount_attr: prefixed('MOUNT_ATTR_', mountAttributes),
  move_mount: {
    MOVE_MOUNT_F_SYMLINKS: 1,
    MOVE_MOUNT_F_EMPTY_PATH: 4,
    MOVE_MOUNT_T_SYMLINKS: 0x10,
    MOVE_MOUNT_T_EMPTY_PATH: 0x40,
  },
  open_tree: {
    OPEN_TREE_CLONE: 1,
    OPEN_TREE_CLOEXEC: openFlags.cloexec,
    AT_EMPTY_PATH: 0x1000,
    AT_RECURSIVE: 0x8000,
    AT_SYMLINK_NOFOLLOW: 0x100,
  },
  openRest: prefixed('O_', openRest),
  rename: { RENAME_NOREPLACE: 1, RENAME_EXCHANGE: 2, RENAME_WHITEOUT: 4 },
  resolve: prefixed('RESOLVE_', resolveFlags),
  seccomp: {
    SECCOMP_FILTER_FLAG_TSYNC: 1,
    SECCOMP_FILTER_FLAG_LOG: 2,
    SECCOMP_FILTER_FLAG_SPEC_ALLOW: 4,
    SECCOMP_FILTER_FLAG_NEW_LISTENER: 8,
  },
  umount: { MNT_FORCE: 1, MNT_DETACH: umountFlags.detach, UMOUNT_NOFOLLOW: umountFlags.nofollow },
  unlink: { AT_REMOVEDIR: 0x200 },
  wait: { WNOHANG: 1, WSTOPPED: 2, WEXITED: 4, WCONTINUED: 8, WNOWAIT: 0x1000000 },
  xattr: { XATTR_CREATE: 1, XATTR_REPLACE: 2 },
};

/** One of several, by the type of the parameter. */
export const choices: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  dirfd: { [-100]: 'AT_FDCWD' },
  domain: { 1: 'AF_UNIX', 2: 'AF_INET', 10: 'AF_INET6', 16: 'AF_NETLINK', 17: 'AF_PACKET' },
  fcntl: {
    0: 'F_DUPFD',
    1: 'F_GETFD',
    2: 'F_SETFD',
    3: 'F_GETFL',
    4: 'F_SETFL',
    1030: 'F_DUPFD_CLOEXEC',
    1033: 'F_ADD_SEALS',
    1034: 'F_GET_SEALS',
  },
  fsconfig: [
    'FSCONFIG_SET_FLAG',
    'FSCONFIG_SET_STRING',
    'FSCONFIG_SET_BINARY',
    'FSCONFIG_SET_PATH',
    'FSCONFIG_SET_PATH_EMPTY',
    'FSCONFIG_SET_FD',
    'FSCONFIG_CMD_CREATE',
    'FSCONFIG_CMD_RECONFIGURE',
    'FSCONFIG_CMD_CREATE_EXCL',
  ],
  idtype: ['P_ALL', 'P_PID', 'P_PGID', 'P_PIDFD'],
  ioctl: {
    21505: 'TCGETS',
    21518: 'TIOCSCTTY',
    21524: 'TIOCSWINSZ',
    21569: 'TIOCGPTPEER',
    35091: 'SIOCGIFFLAGS',
    35092: 'SIOCSIFFLAGS',
    46849: 'NS_GET_USERNS',
    46850: 'NS_GET_PARENT',
    46851: 'NS_GET_NSTYPE',
    1074025521: 'TIOCSPTLCK',
  },
  prctl: {
    1: 'PR_SET_PDEATHSIG',
    4: 'PR_SET_DUMPABLE',
    8: 'PR_SET_KEEPCAPS',
    15: 'PR_SET_NAME',
    22: 'PR_SET_SECCOMP',
    24: 'PR_CAPBSET_DROP',
    28: 'PR_SET_SECUREBITS',
    36: 'PR_SET_CHILD_SUBREAPER',
    38: 'PR_SET_NO_NEW_PRIVS',
    47: 'PR_CAP_AMBIENT',
  },
  rlimit: [
    'RLIMIT_CPU',
    'RLIMIT_FSIZE',
    'RLIMIT_DATA',
    'RLIMIT_STACK',
    'RLIMIT_CORE',
    'RLIMIT_RSS',
    'RLIMIT_NPROC',
    'RLIMIT_NOFILE',
    'RLIMIT_MEMLOCK',
    'RLIMIT_AS',
    'RLIMIT_LOCKS',
    'RLIMIT_SIGPENDING',
    'RLIMIT_MSGQUEUE',
    'RLIMIT_NICE',
    'RLIMIT_RTPRIO',
    'RLIMIT_RTTIME',
  ],
  seccomp_operation: ['SECCOMP_SET_MODE_STRICT', 'SECCOMP_SET_MODE_FILTER', 'SECCOMP_GET_ACTION_AVAIL'],
  signal: { 1: 'SIGHUP', 2: 'SIGINT', 9: 'SIGKILL', 15: 'SIGTERM', 17: 'SIGCHLD', 18: 'SIGCONT', 19: 'SIGSTOP' },
};

/** The type part of a file mode: mknod(2). */
export const fileTypes: Readonly<Record<number, string>> = {
  4096: 'S_IFIFO',
  8192: 'S_IFCHR',
  24576: 'S_IFBLK',
  32768: 'S_IFREG',
  49152: 'S_IFSOCK',
};

function prefixed(prefix: string, table: FlagTable): FlagTable {
  return Object.fromEntries(
    Object.entries(table).map(([name, bit]) => [prefix + name.toUpperCase().replaceAll('-', '_'), bit]),
  );
}
