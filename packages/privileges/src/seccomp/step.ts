import { type Step, syscall, words } from '@estiba/syscalls';
import type { SeccompFilter } from './compile.ts';
import { flagBits } from './flags.ts';

/**
 * From here on the filter decides about every system call, for ever and for all descendants. seccomp(2)
 *
 * Needs CAP_SYS_ADMIN in the user namespace, or `noNewPrivileges()` before it. It must allow what follows in the program: at least
 * `execve` and `prctl`, and `write` and `exit_group` for the report when one fails. Where an action is NOTIFY, the last call's result is
 * the listener's descriptor.
 */
export function seccomp(filter: SeccompFilter): Step[] {
  // struct sock_fprog: a count of 16 bits and a pointer
  const program = words(filter.instructions.length / 8, filter.instructions);
  return [{ ...syscall('seccomp', setModeFilter, flagBits(filter.flags), program), label: 'load the seccomp filter' }];
}

const setModeFilter = 1;
