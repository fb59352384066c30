import type { Step } from '@estiba/syscalls';
import { prctl } from './prctl.ts';

/**
 * From here on execve gives no more rights than there were: set-user-id bits and file capabilities are ignored, for ever and for all
 * descendants. Needs no rights, and lets a seccomp filter be loaded without any. PR_SET_NO_NEW_PRIVS(2const)
 */
export function noNewPrivileges(): Step[] {
  return [prctl('SET_NO_NEW_PRIVS', 1, 'forbid new privileges')];
}
