import { randomBytes } from 'node:crypto';
import { fstatSync } from 'node:fs';
import { Cgroup, cgroupFolder, type Limits } from '@estiba/cgroups';
import { type IdMaps, type NamespaceKind, namespaceKinds, rootlessIdMaps, writeIdMaps } from '@estiba/namespaces';
import { type Capability, dockerCapabilities, type SeccompFilter, type SeccompProfile } from '@estiba/privileges';
import { Child, type ExitStatus, Fd, launch, type Stdio } from '@estiba/syscalls';
import { findUser } from './accounts.ts';
import { type ContainerPlan, containerSteps } from './container-steps.ts';
import { etcFiles } from './own-files.ts';
import { type ProcessOptions, processOf } from './process.ts';
import { openRoot, type RootFilesystem } from './root-filesystem.ts';
import { RuntimeError } from './runtime-error.ts';

export interface RunOptions extends ProcessOptions {
  /** A directory, or the layers of an overlay: mounted inside, so that nothing is mounted on the host. */
  readonly rootfs: RootFilesystem;
  /** Whether the root file system refuses to be written to. */
  readonly readonly?: boolean;
  /** All but `user` and `time` unless given; without `network` the container uses the host's. */
  readonly namespaces?: readonly NamespaceKind[];
  /** Needs `user` among the namespaces; root inside is the caller outside unless given. */
  readonly idMaps?: IdMaps;
  /** In force before the first instruction. Needs root, or a cgroup delegated to the user: see `cgroupFolder`. */
  readonly limits?: Limits;
  /** Docker's fourteen unless given. */
  readonly capabilities?: readonly Capability[];
  /** Docker's filter unless given. */
  readonly seccomp?: 'default' | 'unconfined' | SeccompProfile | SeccompFilter;
  readonly noNewPrivileges?: boolean;
  readonly stdio?: Stdio;
  /** Kills the container, whenever it aborts. */
  readonly signal?: AbortSignal;
}

const defaultNamespaces: readonly NamespaceKind[] = ['pid', 'mount', 'uts', 'ipc', 'network', 'cgroup'];

/**
 * Run one command in a container and hand back its process: the short door. An empty command means the image's own.
 *
 * Everything not said is as with `docker run --network none`: capabilities, seccomp filter, masked paths, /dev, /proc,
 * /sys, /etc/hosts and /etc/resolv.conf. The container ends with the command, or with this process. With a pid namespace,
 * or with limits, `wait` resolves when nothing is left of it; with limits it says `outOfMemory` when the kernel killed
 * something in it for that. If this process is killed, a container with limits leaves an empty cgroup `run-*`, below
 * `/estiba` or what `cgroupFolder` says.
 *
 * Needs root, or a user namespace among `namespaces`. Linux 5.12. Rejects with a SyscallError that names the step, a
 * CgroupError, a PrivilegesError (no such user) or a RuntimeError.
 */
export async function run(command: readonly string[], options: RunOptions): Promise<Child> {
  options.signal?.throwIfAborted();
  using plan = await planContainer(command, options);
  const cgroup = options.limits && (await limitedCgroup(`run-${process.pid}-${plan.id}`, options.limits));
  try {
    const child = await launch(containerSteps({ ...plan, ...(cgroup && { cgroup }) }), {
      stdio: options.stdio ?? 'pipe',
      ...(options.signal && { signal: options.signal }),
      at: { 'map-ids': ({ pid }) => (plan.idMaps === undefined ? undefined : writeIdMaps(pid, plan.idMaps)) },
    });
    if (cgroup === undefined) return child;
    const settled = settle(child, cgroup);
    // Told to whoever waits; nobody has to.
    settled.catch(() => {});
    return new Child(child, child, settled);
  } catch (error) {
    // Why it could not start matters more than that its cgroup is still there.
    await cgroup?.[Symbol.asyncDispose]().catch(() => {});
    throw error;
  }
}

/**
 * Everything about a container that is known before it starts; `containerSteps` turns it into the program. It holds the
 * root file system open until it is disposed of, which needs the same rights as `run`. Nothing is executed.
 */
export async function planContainer(
  command: readonly string[],
  options: RunOptions,
): Promise<ContainerPlan & { readonly id: string } & Disposable> {
  const namespaces = options.namespaces ?? defaultNamespaces;
  requireSense(namespaces, options);
  const id = nextId();
  const hostname = options.hostname ?? id;
  const contained = processOf(command, { ...options, hostname });
  const idMaps = namespaces.includes('user') ? (options.idMaps ?? (await rootlessIdMaps())) : undefined;
  const root = openRoot(options.rootfs, { rootless: idMaps !== undefined });
  try {
    const user = findUser(contained.user, root.accounts);
    return {
      id,
      namespaces,
      ...(idMaps && { idMaps }),
      root,
      readonly: options.readonly ?? false,
      nullStreams: nullStreams(options.stdio ?? 'pipe'),
      hostname,
      etc: etcFiles({ hostname, hostNetwork: !namespaces.includes('network') }),
      process: { ...contained, env: { HOME: user.home, ...contained.env } },
      user,
      capabilities: options.capabilities ?? dockerCapabilities,
      seccomp: options.seccomp ?? 'default',
      noNewPrivileges: options.noNewPrivileges ?? false,
      [Symbol.dispose]: () => root[Symbol.dispose](),
    };
  } catch (error) {
    root[Symbol.dispose]();
    throw error;
  }
}

function requireSense(namespaces: readonly NamespaceKind[], { hostname, idMaps }: RunOptions): void {
  const refuse = (why: string) => new RuntimeError('OPTIONS_INVALID', why);
  const unknown = namespaces.find((kind) => !namespaceKinds.includes(kind));
  if (unknown !== undefined) throw refuse(`no such namespace: ${unknown} (one of ${namespaceKinds.join(', ')})`);
  if (!namespaces.includes('mount'))
    throw refuse('a container needs a mount namespace: its root would replace that of the machine');
  if (hostname !== undefined && !namespaces.includes('uts'))
    throw refuse("a host name would change that of the machine: add 'uts' to namespaces");
  if (idMaps !== undefined && !namespaces.includes('user'))
    throw refuse("id maps belong to a new user namespace: add 'user' to namespaces");
}

/** Which streams would be the host's null device: asked for, or what this process has there itself. */
function nullStreams(stdio: Stdio): number[] {
  const entries = typeof stdio === 'string' || stdio instanceof Fd ? [stdio, stdio, stdio] : stdio;
  return entries.flatMap((entry, stream) => {
    if (entry === 'ignore') return stream;
    if (entry === 'pipe' || (entry instanceof Fd && entry.closed)) return [];
    return isNull(entry === 'inherit' ? stream : entry.number) ? stream : [];
  });
}

/** Character device 1:3. */
function isNull(fd: number): boolean {
  const stat = fstatSync(fd);
  return stat.isCharacterDevice() && stat.rdev === 0x103;
}

async function limitedCgroup(name: string, limits: Limits): Promise<Cgroup> {
  const folder = await cgroupFolder();
  return Cgroup.create(`${folder}/${name}`, limits, { folder });
}

/** What the cgroup knows is asked before it is removed. */
async function settle(child: Child, cgroup: Cgroup): Promise<ExitStatus> {
  const status = await child.wait();
  try {
    return { ...status, outOfMemory: (await cgroup.oomKills()) > 0 };
  } finally {
    await cgroup[Symbol.asyncDispose]();
  }
}

/** As long as Docker's short ones. */
function nextId(): string {
  return randomBytes(6).toString('hex');
}
