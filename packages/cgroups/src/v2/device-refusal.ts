/** Why the kernel takes no program, in words. */
import { CgroupError, type CgroupErrorCode } from '../cgroup-error.ts';
import { errnoOf } from '../refusal.ts';
import type { LoadRefusal } from './bpf.ts';
import { hasBpfRights } from './bpf-rights.ts';

export function cannotLoad(
  { cause, log }: LoadRefusal,
  path: string,
  file: string,
  hasRights = hasBpfRights(),
): unknown {
  const reason = log === '' ? loadingReason(cause, hasRights) : unavailable(`the verifier of this kernel says: ${log}`);
  return inWords(reason, `limit devices of ${path}: load an eBPF program`, { path, file, cause });
}

export function cannotAttach(cause: unknown, path: string, file: string): unknown {
  const attempt = `limit devices of ${path}: attach an eBPF program to ${file}`;
  return inWords(ATTACHING[errnoOf(cause) ?? ''], attempt, { path, file, cause });
}

export function cannotList(cause: unknown, path: string, file: string): unknown {
  const attempt = `tell the limits of devices of ${path}: list the eBPF programs of ${file}`;
  return inWords(LISTING[errnoOf(cause) ?? ''], attempt, { path, file, cause });
}

type Reason = readonly [CgroupErrorCode, string];

function loadingReason(cause: unknown, hasRights: boolean): Reason | undefined {
  const errno = errnoOf(cause) ?? '';
  return errno === 'EPERM' && hasRights ? ['CGROUP_DENIED', LOCKED] : LOADING[errno];
}

function inWords(reason: Reason | undefined, attempt: string, details: { path: string; file: string; cause: unknown }) {
  if (reason === undefined) return details.cause;
  const [code, words] = reason;
  return new CgroupError(code, `cannot ${attempt}: ${errnoOf(details.cause)}; ${words}`, details);
}

function unavailable(words: string): Reason {
  return ['CONTROLLER_UNAVAILABLE', words];
}

// A process in a user namespace cannot make nodes, and mounts there are nodev: leaving devices out opens nothing to it.
const RIGHTS =
  'this takes root of the initial user namespace (CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN); ' +
  'without it leave devices out: nobody in a user namespace can make device nodes, and those there are obey their modes';

const LOCKED =
  'this process has the rights; before Linux 5.11 a program counts as locked memory: raise that limit (RLIMIT_MEMLOCK, ' +
  '`ulimit -l unlimited`, LimitMEMLOCK=infinity); else a security module or the lockdown of the kernel forbids it';

const GONE: Reason = ['CGROUP_GONE', 'it has been removed'];
const LOADING: Readonly<Record<string, Reason>> = {
  EPERM: ['CGROUP_DENIED', RIGHTS],
  EACCES: ['CGROUP_DENIED', RIGHTS],
  EINVAL: unavailable('this kernel is built without CONFIG_CGROUP_BPF'),
  ENOSYS: unavailable('this kernel is built without CONFIG_BPF_SYSCALL'),
};
const ATTACHING: Readonly<Record<string, Reason>> = {
  ENOENT: GONE,
  ENODEV: GONE,
  EPERM: [
    'CGROUP_DENIED',
    `a cgroup above has a program that lets no other join it (BPF_F_ALLOW_MULTI); or: ${RIGHTS}`,
  ],
  EACCES: ['CGROUP_DENIED', RIGHTS],
  EINVAL: unavailable('this kernel is built without CONFIG_CGROUP_BPF'),
  ENOSYS: unavailable('this kernel is built without CONFIG_BPF_SYSCALL'),
  E2BIG: ['CGROUP_BUSY', 'it has as many programs as a cgroup can have, 64; detach others'],
};
const LISTING: Readonly<Record<string, Reason>> = {
  ...ATTACHING,
  EPERM: ['CGROUP_DENIED', 'this takes CAP_SYS_ADMIN in the initial user namespace'],
};
