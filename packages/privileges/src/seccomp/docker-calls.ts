/** What Docker lets every container call, by what it is for; 32-bit programs have some calls under names of their own. */
export const commonCalls: readonly string[] = [
  // files: open, read, write, close
  'open openat openat2 creat close close_range read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2',
  'lseek _llseek dup dup2 dup3 fcntl fcntl64 flock ioctl pipe pipe2 truncate truncate64 ftruncate ftruncate64 fallocate',
  'fadvise64 fadvise64_64 arm_fadvise64_64 readahead copy_file_range sendfile sendfile64 splice tee vmsplice cachestat',
  'fsync fdatasync sync syncfs sync_file_range sync_file_range2 arm_sync_file_range',
  'memfd_create memfd_secret name_to_handle_at',
  // files: their names and what is known of them
  'access faccessat faccessat2 stat stat64 lstat lstat64 fstat fstat64 newfstatat fstatat64 statx statfs statfs64 fstatfs fstatfs64',
  'statmount listmount link linkat symlink symlinkat readlink readlinkat unlink unlinkat rename renameat renameat2',
  'mkdir mkdirat rmdir mknod mknodat getdents getdents64 chdir fchdir getcwd umask chmod fchmod fchmodat fchmodat2',
  'chown chown32 fchown fchown32 lchown lchown32 fchownat utime utimes futimesat utimensat utimensat_time64',
  'getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat',
  'listxattr llistxattr flistxattr listxattrat removexattr lremovexattr fremovexattr removexattrat',
  'inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark',
  // waiting for several things at once
  'poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 eventfd eventfd2',
  'epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_wait epoll_wait_old epoll_pwait epoll_pwait2',
  'io_setup io_submit io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64',
  // memory
  'brk mmap mmap2 munmap mremap mprotect pkey_alloc pkey_free pkey_mprotect madvise mincore msync remap_file_pages mseal',
  'mlock mlock2 mlockall munlock munlockall membarrier map_shadow_stack cacheflush',
  // processes and threads
  'fork vfork execve execveat exit exit_group wait4 waitid waitpid getpid getppid gettid set_tid_address restart_syscall',
  'getpgid getpgrp setpgid getsid setsid pidfd_open pidfd_send_signal process_mrelease prctl arch_prctl modify_ldt',
  'get_thread_area set_thread_area set_tls set_robust_list get_robust_list rseq uretprobe breakpoint',
  'futex futex_time64 futex_wait futex_waitv futex_wake futex_requeue ptrace process_vm_readv process_vm_writev',
  'getpriority setpriority ioprio_get ioprio_set getcpu sched_yield sched_getaffinity sched_setaffinity sched_getattr sched_setattr',
  'sched_getparam sched_setparam sched_getscheduler sched_setscheduler sched_get_priority_max sched_get_priority_min',
  'sched_rr_get_interval sched_rr_get_interval_time64 getrlimit ugetrlimit setrlimit prlimit64 getrusage times sysinfo uname',
  // who one is and what one may
  'getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid getresuid32 getresgid getresgid32',
  'setuid setuid32 setgid setgid32 setreuid setreuid32 setregid setregid32 setresuid setresuid32 setresgid setresgid32',
  'setfsuid setfsuid32 setfsgid setfsgid32 getgroups getgroups32 setgroups setgroups32 capget capset',
  'seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self getrandom',
  // signals
  'kill tkill tgkill pause sigaltstack sigprocmask sigreturn signalfd signalfd4 rt_sigaction rt_sigpending rt_sigprocmask',
  'rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo',
  // time: reading it, waiting, and adjtimex, which the kernel guards by CAP_SYS_TIME where it changes something
  'time gettimeofday clock_gettime clock_gettime64 clock_getres clock_getres_time64 clock_nanosleep clock_nanosleep_time64',
  'nanosleep alarm getitimer setitimer adjtimex clock_adjtime clock_adjtime64',
  'timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64',
  'timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64',
  // sockets, once there is one: see `families` in docker-profile.ts
  'socketpair socketcall bind listen accept accept4 connect shutdown getsockname getpeername getsockopt setsockopt',
  'send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg recvmmsg_time64',
  // System V and POSIX IPC
  'ipc shmget shmat shmdt shmctl semget semop semtimedop semtimedop_time64 semctl msgget msgsnd msgrcv msgctl',
  'mq_open mq_unlink mq_notify mq_getsetattr mq_timedsend mq_timedsend_time64 mq_timedreceive mq_timedreceive_time64',
].flatMap((line) => line.split(' '));

/** What a capability adds: without it the kernel would refuse these anyway, or they have had holes. */
export const callsOfCapability: Readonly<Record<string, readonly string[]>> = {
  CAP_BPF: ['bpf'],
  CAP_DAC_READ_SEARCH: ['open_by_handle_at'],
  CAP_PERFMON: ['perf_event_open'],
  CAP_SYS_ADMIN: [
    'bpf clone clone3 fanotify_init lookup_dcookie perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog unshare',
    'mount mount_setattr move_mount open_tree fsopen fsconfig fsmount fspick umount umount2',
    'lsm_get_self_attr lsm_set_self_attr lsm_list_modules',
  ].flatMap((line) => line.split(' ')),
  CAP_SYS_BOOT: ['reboot'],
  CAP_SYS_CHROOT: ['chroot'],
  CAP_SYS_MODULE: ['init_module', 'finit_module', 'delete_module'],
  CAP_SYS_NICE: ['get_mempolicy', 'set_mempolicy', 'set_mempolicy_home_node', 'mbind'],
  CAP_SYS_PACCT: ['acct'],
  CAP_SYS_PTRACE: ['kcmp', 'pidfd_getfd', 'process_madvise', 'process_vm_readv', 'process_vm_writev', 'ptrace'],
  CAP_SYS_RAWIO: ['ioperm', 'iopl'],
  CAP_SYS_TIME: ['settimeofday', 'stime', 'clock_settime', 'clock_settime64'],
  CAP_SYS_TTY_CONFIG: ['vhangup'],
  CAP_SYSLOG: ['syslog'],
};
