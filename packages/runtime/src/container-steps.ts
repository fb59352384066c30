/** The program a container is: every step from the cgroup to the command, in order, to read, cut and extend. */
import type { Cgroup } from '@estiba/cgroups';
import { type IdMaps, loopback, mapIds, type NamespaceKind, privateMounts } from '@estiba/namespaces';
import {
  type Capability,
  dropPrivileges,
  type ResolvedUser,
  type SeccompFilter,
  type SeccompProfile,
  type User,
} from '@estiba/privileges';
import {
  type Arg,
  AT_FDCWD,
  attempt,
  type Call,
  closeDescriptors,
  command,
  continueInChild,
  fchdir,
  label,
  mkdir,
  mountSetattr,
  openat2,
  type Program,
  type Step,
  sethostname,
  syscall,
} from '@estiba/syscalls';
import { mountFilesystems, reopenNull } from './filesystems.ts';
import { type EtcFiles, ownFiles } from './own-files.ts';
import type { ContainerProcess } from './process.ts';
import { protect } from './protection.ts';
import { attachRoot, lockRoot, switchRoot } from './root.ts';

export interface ContainerPlan {
  readonly namespaces: readonly NamespaceKind[];
  readonly idMaps?: IdMaps;
  readonly cgroup?: Pick<Cgroup, 'join'>;
  /** The root file system, as a mount that is attached nowhere: a descriptor, or steps that make one. */
  readonly root: { readonly steps: Program; readonly tree: Exclude<Arg, string | undefined> };
  readonly readonly: boolean;
  /** Which of 0, 1 and 2 are to be the null device. */
  readonly nullStreams?: readonly number[];
  readonly hostname: string;
  readonly etc: EtcFiles;
  readonly process: ContainerProcess;
  readonly user: ResolvedUser;
  readonly capabilities: readonly Capability[];
  readonly seccomp: 'default' | 'unconfined' | SeccompProfile | SeccompFilter;
  readonly noNewPrivileges: boolean;
}

/**
 * The order is what keeps it safe. The cgroup comes before the first clone, so that nothing runs outside of it. Mounts
 * are made while the host is still there to take them from, and by descriptor, since the image is hostile. The host is
 * gone before the host name is set, and everything that needs privileges is done before they are dropped; the command
 * inherits no descriptor but its three.
 */
export function containerSteps(plan: ContainerPlan): Step[] {
  const has = (kind: NamespaceKind) => plan.namespaces.includes(kind);
  const { tree } = plan.root;
  const rootless = plan.idMaps !== undefined;
  const own = ownFiles(plan.etc);
  const filesystems = mountFilesystems({ root: tree, rootless, ownNetwork: has('network') });
  return [
    ...(plan.cgroup?.join() ?? []),
    continueInChild(...plan.namespaces),
    ...(plan.idMaps === undefined ? [] : mapIds(plan.idMaps)),
    ...privateMounts(),
    label('create files with the modes that are asked for', syscall('umask', 0)),
    label('take the root file system', [
      ...plan.root.steps,
      // No device of an image is to be opened, nor any that the command makes.
      mountSetattr(tree as Call, { set: ['nodev'], recursive: true }),
    ]),
    ...own.make,
    ...attachRoot(tree),
    ...own.mountEtc(tree),
    ...filesystems.steps,
    ...protect(filesystems, own),
    ...reopenNull(filesystems.dev, plan.nullStreams ?? []),
    ...(plan.readonly ? lockRoot(tree, filesystems) : []),
    ...switchRoot(tree),
    // From here on paths are the image's: none may lead to what was opened outside.
    closeDescriptors(),
    ...(has('uts') ? [sethostname(plan.hostname)] : []),
    ...(has('network') ? loopback() : []),
    label('create files as Docker does', syscall('umask', 0o022)),
    ...workingDirectory(plan.process.cwd),
    ...session(),
    ...dropPrivileges({
      user: identity(plan),
      capabilities: plan.capabilities,
      noNewPrivileges: plan.noNewPrivileges,
      seccomp: plan.seccomp,
    }),
    ...command(plan.process.args, plan.process.env),
  ];
}

/** Where an ordinary user mapped nothing but himself, the kernel denies setgroups(2). user_namespaces(7) */
function identity({ user, idMaps }: ContainerPlan): User {
  const single = idMaps?.gid.length === 1 && idMaps.gid[0]?.count === 1;
  return single ? { ...user, groups: 'keep' } : user;
}

/**
 * Made if it is missing, as Docker does. By now every path is inside but those that lead through /proc/self/fd: the image
 * names the directory, and must not get to one that we have open (CVE-2024-21626).
 */
function workingDirectory(cwd: string): Step[] {
  const steps: Step[] = [];
  let directory: Call | undefined;
  for (const part of cwd.split('/').filter((name) => name !== '')) {
    const at = directory ?? AT_FDCWD;
    directory = openat2(at, part, { flags: ['path', 'directory'], resolve: ['no-magiclinks'] });
    steps.push(attempt([mkdir(part, 0o755, { at })], ['*']), directory);
  }
  return directory === undefined ? [] : [label(`change to ${cwd}`, [...steps, fchdir(directory)])];
}

/** A session of its own, so that it cannot push input into the caller's terminal (CVE-2017-5226), and a keyring. */
function session(): Step[] {
  const KEYCTL_JOIN_SESSION_KEYRING = 1;
  return [
    label('begin a session', [
      // Built without keys, or forbidden by a filter, as in a container.
      attempt([syscall('keyctl', KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0)], ['ENOSYS', 'EPERM']),
      attempt([syscall('setsid')], ['EPERM']),
    ]),
  ];
}
