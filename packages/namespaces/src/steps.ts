/** Steps for programs of your own. */
import {
  attempt,
  type Call,
  close,
  continueInChild,
  fscreate,
  fsmount,
  fsopen,
  label,
  mount,
  moveMount,
  open,
  type Step,
  sethostname,
  setns,
  syscall,
  words,
} from '@estiba/syscalls';
import type { NamespaceKind } from './kinds.ts';
import type { Namespace } from './namespace.ts';

/**
 * Go on in a new process in new namespaces: process 1, if a pid namespace is among them. New mount namespaces are made
 * private, so that nothing mounted inside shows outside. Needs CAP_SYS_ADMIN, or a user namespace among them.
 */
export function create(kinds: readonly NamespaceKind[], options: { hostname?: string } = {}): Step[] {
  return [
    continueInChild(...kinds),
    ...(kinds.includes('mount') ? privateMounts() : []),
    ...(options.hostname === undefined ? [] : [sethostname(options.hostname)]),
  ];
}

/**
 * Join namespaces of others. All files are opened first, as their paths may be gone after the first step; the user
 * namespace is joined in between: some of the others may be entered only before it, some only after. setns(2)
 */
export function enter(namespaces: Partial<Record<NamespaceKind, Namespace | string>>): Step[] {
  const entries = Object.entries(namespaces) as [NamespaceKind, Namespace | string][];
  const opened = entries.map(([kind, namespace]) =>
    typeof namespace === 'string'
      ? { kind, handle: { ...open(namespace), label: `open ${namespace}` } as Call }
      : { kind, handle: namespace.fd },
  );
  // The mount namespace last: what follows would look up paths in it.
  const others = opened
    .filter(({ kind }) => kind !== 'user')
    .sort((a, b) => Number(a.kind === 'mount') - Number(b.kind === 'mount'));
  const user = opened.find(({ kind }) => kind === 'user');
  const files = opened.flatMap(({ handle }) => ('name' in handle ? [handle] : []));
  const join = ({ kind, handle }: (typeof opened)[number]) => setns(handle, kind);
  return [
    ...files,
    ...(user === undefined
      ? others.flatMap(join)
      : [...others.map((other) => attempt(join(other), ['EPERM'])), ...join(user), ...others.flatMap(join)]),
    ...files.map((file) => close(file)),
  ];
}

/** Mounts made from here on are not seen by the parent, nor its by us. mount_namespaces(7), "Shared subtrees" */
export function privateMounts(): Step[] {
  return [label('make mounts private', mount({ target: '/', flags: ['rec', 'private'] }))];
}

/** The processes of the own pid namespace, instead of the parent's. proc(5) */
export function procfs(target = '/proc'): Step[] {
  const context = fsopen('proc');
  const tree = fsmount(context, ['nosuid', 'nodev', 'noexec']);
  return [
    label(`mount proc on ${target}`, [
      context,
      fscreate(context),
      tree,
      moveMount(tree, target),
      close(tree),
      close(context),
    ]),
  ];
}

/** Set the loopback interface up: a new network namespace has nothing else, and that is down. netdevice(7) */
export function loopback(): Step[] {
  const [AF_INET, SOCK_DGRAM_CLOEXEC, SIOCSIFFLAGS, IFF_UP] = [2, 0o2000002, 0x8914, 1];
  const socket = syscall('socket', AF_INET, SOCK_DGRAM_CLOEXEC, 0);
  // struct ifreq: the name in 16 bytes, then the flags
  const request = words(BigInt(`0x${Buffer.from('lo').reverse().toString('hex')}`), 0, IFF_UP, 0, 0);
  return [
    label('set the loopback interface up', [socket, syscall('ioctl', socket, SIOCSIFFLAGS, request), close(socket)]),
  ];
}
