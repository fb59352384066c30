/**
 * The parameters of the system calls that containers are made of, for printing them: `name:type`, in the kernel's order.
 * A call that is not listed works just as well; its arguments are printed as plain numbers and strings.
 */
const signatures: Readonly<Record<string, string>> = {
  accept4: 'fd addr addrlen flags:hex',
  bind: 'fd addr addrlen',
  capset: 'header data',
  chdir: 'path:path',
  clone3: 'args size',
  close: 'fd',
  close_range: 'first last flags:close_range',
  connect: 'fd addr addrlen',
  dup3: 'oldfd newfd flags:open',
  execve: 'path:path argv:strings envp:strings',
  execveat: 'dirfd:dirfd path:path argv:strings envp:strings flags:at',
  exit_group: 'status',
  fchdir: 'fd',
  fchmod: 'fd mode:octal',
  fchmodat: 'dirfd:dirfd path:path mode:octal',
  fchown: 'fd uid gid',
  fchownat: 'dirfd:dirfd path:path uid gid flags:at',
  faccessat2: 'dirfd:dirfd path:path mode flags:at',
  fcntl: 'fd cmd:fcntl arg',
  fsconfig: 'fd cmd:fsconfig key:path value:path aux',
  fsetxattr: 'fd name:path value size flags:xattr',
  fsmount: 'fd flags:fsmount attributes:mount_attr',
  fsopen: 'type:path flags:fsopen',
  fstatfs: 'fd buf',
  ftruncate: 'fd length',
  futex: 'addr op val timeout addr2 val3',
  getdents64: 'fd buf size',
  ioctl: 'fd request:ioctl arg',
  keyctl: 'operation arg2 arg3 arg4 arg5',
  kill: 'pid sig:signal',
  linkat: 'olddirfd:dirfd oldpath:path newdirfd:dirfd newpath:path flags:at',
  lsetxattr: 'path:path name:path value size flags:xattr',
  memfd_create: 'name:path flags:memfd',
  mkdirat: 'dirfd:dirfd path:path mode:octal',
  mknodat: 'dirfd:dirfd path:path mode:mode dev:device',
  mount: 'source:path target:path type:path flags:mount data:path',
  mount_setattr: 'dirfd:dirfd path:path flags:at attr size',
  move_mount: 'from_dirfd:dirfd from_path:path to_dirfd:dirfd to_path:path flags:move_mount',
  newfstatat: 'dirfd:dirfd path:path buf flags:at',
  open_tree: 'dirfd:dirfd path:path flags:open_tree',
  openat: 'dirfd:dirfd path:path flags:open mode:octal',
  openat2: 'dirfd:dirfd path:path how size',
  pidfd_getfd: 'pidfd targetfd flags:hex',
  pidfd_open: 'pid flags:hex',
  pidfd_send_signal: 'pidfd sig:signal info flags:hex',
  pipe2: 'fds flags:open',
  pivot_root: 'new_root:path put_old:path',
  poll: 'fds nfds timeout',
  ppoll: 'fds nfds timeout sigmask sigsetsize',
  prctl: 'option:prctl arg2 arg3 arg4 arg5',
  prlimit64: 'pid resource:rlimit new old',
  read: 'fd buf count',
  readlinkat: 'dirfd:dirfd path:path buf size',
  recvfrom: 'fd buf size flags:hex addr addrlen',
  recvmsg: 'fd msg flags:hex',
  renameat2: 'olddirfd:dirfd oldpath:path newdirfd:dirfd newpath:path flags:rename',
  rt_sigprocmask: 'how set oldset size',
  seccomp: 'operation:seccomp_operation flags:seccomp args',
  sendmsg: 'fd msg flags:hex',
  sendto: 'fd buf size flags:hex addr addrlen',
  setdomainname: 'name:path len',
  setgroups: 'size list',
  sethostname: 'name:path len',
  setns: 'fd kind:clone',
  setresgid: 'rgid egid sgid',
  setresuid: 'ruid euid suid',
  setsid: '',
  socket: 'domain:domain type:socket protocol',
  socketpair: 'domain:domain type:socket protocol fds',
  statx: 'dirfd:dirfd path:path flags:at mask:hex buf',
  symlinkat: 'target:path dirfd:dirfd path:path',
  umask: 'mask:octal',
  umount2: 'target:path flags:umount',
  unlinkat: 'dirfd:dirfd path:path flags:unlink',
  unshare: 'flags:clone',
  utimensat: 'dirfd:dirfd path:path times flags:at',
  wait4: 'pid status options:wait rusage',
  waitid: 'idtype:idtype id info options:wait rusage',
  write: 'fd buf count',
};

export interface Parameter {
  readonly name: string;
  readonly type: string;
}

const parsed = new Map<string, readonly Parameter[]>();

export function parametersOf(name: string): readonly Parameter[] {
  let parameters = parsed.get(name);
  if (parameters === undefined) {
    parameters = (signatures[name] ?? '')
      .split(' ')
      .filter((text) => text !== '')
      .map((text) => {
        const [parameter = '', type = ''] = text.split(':');
        return { name: parameter, type };
      });
    parsed.set(name, parameters);
  }
  return parameters;
}
