import { type Arg, type Call, Fd, open, type Step } from '@estiba/syscalls';

/**
 * A user namespace, whose id maps say how owners are shown: a path such as `/proc/PID/ns/user` or where it is pinned, a
 * descriptor, or the call of a program that opens it. No plain number: in a launched process it would be another's.
 */
export type UserNamespace = string | Fd | Call;

/** Its descriptor, for calls that follow the steps. */
export function openUserNamespace(namespace: UserNamespace): { readonly steps: readonly Step[]; readonly fd: Arg } {
  if (namespace instanceof Fd || typeof namespace !== 'string') return { steps: [], fd: namespace };
  const file = open(namespace);
  return { steps: [file], fd: file };
}
