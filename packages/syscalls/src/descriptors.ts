/** Which calls open descriptors: `perform` closes what nobody keeps. */
import type { Call, Out } from './program.ts';

const opening = new Set([
  'accept',
  'accept4',
  'creat',
  'dup',
  'dup3',
  'epoll_create1',
  'eventfd2',
  'fanotify_init',
  'fsmount',
  'fsopen',
  'fspick',
  'inotify_init1',
  'io_uring_setup',
  'landlock_create_ruleset',
  'memfd_create',
  'memfd_secret',
  'mq_open',
  'open',
  'open_by_handle_at',
  'open_tree',
  'open_tree_attr',
  'openat',
  'openat2',
  'perf_event_open',
  'pidfd_getfd',
  'pidfd_open',
  'signalfd4',
  'socket',
  'timerfd_create',
  'userfaultfd',
]);

// fcntl(2): F_DUPFD, F_DUPFD_CLOEXEC
const duplicating = new Set<unknown>([0, 1030]);
// ioctl_ns(2): NS_GET_USERNS, NS_GET_PARENT; ioctl_tty(2): TIOCGPTPEER; netdevice(7): SIOCGSKNS
const requests = new Set<unknown>([0xb701, 0xb702, 0x5441, 0x894c]);

/** Whether the result of a call is a new descriptor. */
export function opensDescriptor(call: Call): boolean {
  if (call.name === 'fcntl') return duplicating.has(call.args[1]);
  if (call.name === 'ioctl') return requests.has(call.args[1]);
  return opening.has(call.name);
}

/** Where a call stores two new descriptors. pipe(2), socketpair(2) */
export function openedPair(call: Call): Out | undefined {
  const place = call.name === 'pipe2' ? call.args[0] : call.name === 'socketpair' ? call.args[3] : undefined;
  return typeof place === 'object' && 'out' in place ? place : undefined;
}
