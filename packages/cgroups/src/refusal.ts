import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { callRuleFor, shortage } from './call-rules.ts';
import { CgroupError, type CgroupErrorCode } from './cgroup-error.ts';
import { originOf, ruleFor } from './rules.ts';

/** What the kernel was asked for: `attempt` goes on as "cannot …". */
export interface Request {
  attempt: string;
  /** The cgroup. */
  path: string;
  /** The file or directory on which it was attempted. */
  file: string;
  value?: string | undefined;
}

/** The kernel's refusal in words, with the rule behind it; what the kernel did not say is returned as it came. */
export function refusal(cause: unknown, request: Request): unknown {
  const errno = errnoOf(cause);
  // Not ours, and none of Node's: ERR_INVALID_ARG_TYPE.
  if (errno === undefined || !/^E[A-Z0-9]+$/.test(errno)) return cause;
  const rule = callRuleFor(errno, cause) ?? ruleFor(errno, request.file, cause) ?? reasonFor(errno, request);
  const [code, words] = rule ?? shortage(errno) ?? UNKNOWN;
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
      return ['CGROUP_DENIED', deniedReason(request)];
    case 'EROFS':
      return ['CGROUP_DENIED', 'the cgroup file system is mounted read-only here; mount it writable'];
    case 'EAGAIN':
      return ['CGROUP_DENIED', 'cgroup.max.depth or cgroup.max.descendants of a parent is reached; raise it'];
    case 'ENOSPC':
      return spaceReason(request);
    case 'ENOENT':
    case 'ENODEV':
      if (errno === 'ENODEV' && isOfDisk(request) && existsSync(dirname(request.file)))
        return ['LIMIT_INVALID', NO_DISK];
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
      if (isOfDisk(request)) return ['CONTROLLER_UNAVAILABLE', NO_POLICY];
      return ['CGROUP_DENIED', 'the cgroup or one above it is threaded; see cgroup.type'];
    case 'E2BIG':
      return ['LIMIT_INVALID', 'it is longer than the kernel takes into this file'];
    case 'EISDIR':
      return ['LIMIT_INVALID', 'this is a cgroup below, and no control file'];
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
function deniedReason({ file }: Request): string {
  const who = 'only root, or the user to whom the folder was delegated, may write here';
  const scope = 'or run under `systemd-run --user --scope -p Delegate=yes` with that scope as the folder';
  const uid = process.geteuid?.() ?? 0;
  if (uid === 0) return `${who}; in a container, or without CAP_DAC_OVERRIDE, root is not enough`;
  const directory = dirname(file);
  const isV2 = existsSync(`${directory}/cgroup.controllers`);
  // The root of the tree is nobody's to give away: a folder in it is.
  const isRoot = isV2 ? !existsSync(`${directory}/cgroup.type`) : existsSync(`${directory}/release_agent`);
  const folder = isRoot ? `${directory}/estiba` : directory;
  const files = isV2 ? ['cgroup.procs', 'cgroup.threads', 'cgroup.subtree_control'] : ['cgroup.procs', 'tasks'];
  const chown = `chown ${uid} ${[folder, ...files.map((each) => `${folder}/${each}`)].join(' ')}`;
  const command = isRoot ? `mkdir ${folder}; ${chown}` : chown;
  return `${who}; an administrator delegates one: \`${command}\`; ${scope}`;
}

function missingReason({ file }: Request): string {
  const origin = originOf(file);
  if (origin !== undefined) return `this kernel has no such file here; ${origin}`;
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

/** Those of cpuset that are written themselves have a rule of their own. */
function spaceReason({ attempt, file }: Request): [CgroupErrorCode, string] | undefined {
  if (/\/(cgroup\.procs|cgroup\.threads|tasks)$/.test(file))
    return ['CGROUP_DENIED', 'its cpuset.cpus or cpuset.mems is empty; set them first'];
  // MEM_CGROUP_ID_MAX in the kernel's mm/memcontrol.c
  if (/\bmkdir\b/.test(attempt)) return ['CGROUP_DENIED', NO_NUMBER];
  return undefined;
}

function isOfDisk({ file }: Request): boolean {
  return /\/(io|blkio)\.[a-z._]+$/.test(file);
}

const NO_DISK = 'there is no such whole disk, a partition has no limits; see lsblk(8)';
const NO_POLICY =
  'the disk does not do this now; weights need its scheduler to be bfq (/sys/block/DISK/queue/scheduler) or io.cost';
const NO_NUMBER =
  'the kernel has at most 65,535 cgroups with memory, removed ones whose memory is still in use among them; remove some';
const UNKNOWN: readonly [CgroupErrorCode, string] = [
  'CGROUP_DENIED',
  'no rule of cgroups is known for it; see the cause',
];
