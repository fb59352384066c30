import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { CgroupError, type CgroupErrorCode } from './cgroup-error.ts';

/** What the kernel was asked for: `attempt` goes on as "cannot …". */
export interface Request {
  attempt: string;
  /** The cgroup. */
  path: string;
  /** The file or directory on which it was attempted. */
  file: string;
  value?: string | undefined;
}

/** The kernel's refusal in words, with the rule behind it; errors we cannot name are returned as they came. */
export function refusal(cause: unknown, request: Request): unknown {
  const errno = errnoOf(cause);
  const reason = errno === undefined ? undefined : reasonFor(errno, request);
  if (reason === undefined) return cause;
  const [code, words] = reason;
  return new CgroupError(code, `cannot ${request.attempt}: ${errno}; ${words}`, { ...request, cause });
}

/** What EBUSY would say, of these processes, where the kernel has not been asked. */
export function busy(request: Request, all: readonly number[]): CgroupError {
  // Those of other pid namespaces read as 0.
  const pids = all.filter((pid) => pid > 0);
  return new CgroupError('CGROUP_BUSY', `cannot ${request.attempt}: ${busyReason(request)}`, { ...request, pids });
}

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function reasonFor(errno: string, request: Request): [CgroupErrorCode, string] | undefined {
  switch (errno) {
    case 'EACCES':
    case 'EPERM':
      return ['CGROUP_DENIED', DENIED];
    case 'EROFS':
      return ['CGROUP_DENIED', 'the cgroup file system is mounted read-only here; mount it writable'];
    case 'EAGAIN':
      return ['CGROUP_DENIED', 'cgroup.max.depth or cgroup.max.descendants of a parent is reached; raise it'];
    case 'ENOSPC':
      return ['CGROUP_DENIED', 'a parent has run out of cgroups, or cpuset.cpus or cpuset.mems is empty'];
    case 'ENOENT':
    case 'ENODEV':
      return existsSync(dirname(request.file))
        ? ['CONTROLLER_UNAVAILABLE', missingReason(request)]
        : ['CGROUP_GONE', `${request.path} has been removed`];
    case 'EEXIST':
      return ['CGROUP_EXISTS', 'choose another name, or Cgroup.open() it and remove() it'];
    case 'EBUSY':
      return ['CGROUP_BUSY', busyReason(request)];
    case 'ENAMETOOLONG':
      return ['PATH_INVALID', 'the whole path is longer than the kernel takes, 4095 bytes'];
    case 'ENOTDIR':
      return ['PATH_INVALID', 'a control file of a cgroup has one of these names'];
    case 'ENOTSUP': // EOPNOTSUPP is the same number, and Node's name for it is this one
      return ['CGROUP_DENIED', 'the cgroup or one above it is threaded; see cgroup.type'];
    case 'EINVAL':
    case 'ERANGE':
      if (request.file.endsWith('/cgroup.procs'))
        return ['CGROUP_DENIED', 'a kernel thread, or a realtime process without cpu.rt_runtime_us, cannot be moved'];
      return ['LIMIT_INVALID', 'the kernel does not accept this value; it may exceed what the parent allows'];
    case 'ESRCH':
      return ['PROCESS_GONE', 'there is no such process any more'];
    default:
      return undefined;
  }
}

// https://docs.kernel.org/admin-guide/cgroup-v2.html#delegation
const DENIED =
  'only root, or the user to whom the folder was delegated, may write here; ' +
  'run as root, or under `systemd-run --user --scope -p Delegate=yes` with that scope as the folder';

function missingReason({ file }: Request): string {
  return /\.(swap\.max|memsw\.limit_in_bytes)$/.test(file)
    ? 'this kernel does not account swap; boot with swapaccount=1, or leave swap out'
    : 'this kernel has no such file here; is the controller enabled in the parent?';
}

// https://docs.kernel.org/admin-guide/cgroup-v2.html#no-internal-process-constraint
function busyReason({ file }: Request): string {
  if (file.endsWith('/cgroup.subtree_control')) {
    return 'a v2 cgroup that has processes of its own cannot enable controllers for children; move them into a child first';
  }
  if (file.endsWith('/cgroup.procs')) {
    return 'a v2 cgroup that enables controllers for children cannot have processes of its own; use a child';
  }
  return 'more is in use than can be given back; stop processes, or choose a higher value';
}
