import { CgroupError } from './cgroup-error.ts';

/** That nothing is told of this cgroup any more, because the process for it (lookout.ts) is not there: no right is missing. */
export function lookoutRefusal(cause: unknown, path: string): CgroupError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `cannot watch ${path}: no process waits for the kernel's notices: ${reason}; watch it again`;
  return new CgroupError('CGROUP_BUSY', message, { path, cause });
}
