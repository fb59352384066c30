import { randomBytes } from 'node:crypto';
import { Cgroup, type Limits } from '@estiba/cgroups';
import { type IdMaps, type NamespaceKind, rootlessIdMaps, writeIdMaps } from '@estiba/namespaces';
import { type Capability, dockerCapabilities, type SeccompFilter, type SeccompProfile } from '@estiba/privileges';
import { Child, type ExitStatus, launch, type Stdio } from '@estiba/syscalls';
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
  /** In force before the first instruction. Needs a cgroup that we may write: root, or one delegated to the user. */
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
 * /sys, /etc/hosts and /etc/resolv.conf. The container ends with the command, or with this process; `wait` resolves
 * when nothing is left of it, and says `outOfMemory` when the kernel killed it for that.
 *
 * Needs root, or a user namespace among `namespaces`. Linux 5.12. Rejects with a SyscallError that names the step, a
 * CgroupError, a PrivilegesError (no such user) or a RuntimeError.
 */
export async function run(command: readonly string[], options: RunOptions): Promise<Child> {
  options.signal?.throwIfAborted();
  using plan = await planContainer(command, options);
  const cgroup =
    options.limits === undefined
      ? undefined
      : await Cgroup.create(`/estiba/run-${process.pid}-${plan.id}`, options.limits);
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
    await cgroup?.[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Everything about a container that is known before it starts; `containerSteps` turns it into the program. It holds the
 * root file system open until it is disposed of. Nothing is executed.
 */
export async function planContainer(
  command: readonly string[],
  options: RunOptions,
): Promise<ContainerPlan & { readonly id: string } & Disposable> {
  const namespaces = options.namespaces ?? defaultNamespaces;
  if (!namespaces.includes('mount')) {
    throw new RuntimeError(
      'OPTIONS_INVALID',
      'a container needs a mount namespace: its root would replace that of the machine',
    );
  }
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
