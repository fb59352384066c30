import { spawnSync } from 'node:child_process';
import { constants, existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { cgroupTrees, offersLimits } from './observe/cgroup-trees.ts';
import { mayAccess } from './observe/processes.ts';

export interface Needs {
  /** Root with CAP_SYS_ADMIN. */
  root?: boolean;
  /** Leave to make user namespaces, as this user. */
  userNamespaces?: boolean;
  /** More ids than its own for this user, in a user namespace: root, or as /etc/subuid and newuidmap(1) grant. */
  subordinateIds?: boolean;
  /**
   * Leave to make cgroups that are limited by these controllers, on either version: root, or a tree that was delegated to
   * this user. `true` for memory, cpu and pids.
   */
  cgroup?: true | readonly string[];
  /** The overlay file system. */
  overlay?: boolean;
  /** These programs: peers to compare with, installed by .ci/run. */
  command?: string | readonly string[];
  /** At least this Linux, e.g. `6.8`. */
  kernel?: string;
  /** A file or folder, e.g. `/proc/pressure`. */
  path?: string;
}

/** What of it this machine lacks, each with its remedy; none when the list is empty. */
export function missing(needs: Needs): string[] {
  if (process.platform !== 'linux') return ['needs Linux'];
  const lacks: (string | undefined)[] = [
    needs.root && !isRoot() ? 'needs root: run the tests with sudo' : undefined,
    needs.userNamespaces && !userNamespacesWork()
      ? 'needs user namespaces: sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone'
      : undefined,
    needs.subordinateIds && !hasSubordinateIds()
      ? 'needs subordinate ids: newuidmap, and a line for this user in /etc/subuid and /etc/subgid'
      : undefined,
    needs.overlay && !hasOverlay() ? 'needs the overlay file system: modprobe overlay' : undefined,
    needs.kernel !== undefined && !isAtLeast(release(), needs.kernel)
      ? `needs Linux ${needs.kernel}: this is ${release()}`
      : undefined,
    needs.path !== undefined && !existsSync(needs.path)
      ? `needs ${needs.path}: this kernel does not have it`
      : undefined,
    missingControllers(needs),
    ...commandsOf(needs).map((name) => (hasCommand(name) ? undefined : missingCommand(name))),
  ];
  return lacks.filter((reason) => reason !== undefined);
}

function missingCommand(name: string): string {
  const reason = `needs the command ${name}: install it, .ci/run shows how`;
  if (process.env.ESTIBA_REQUIRE_PEERS === '1') throw new Error(`this run may not skip, but it ${reason}`);
  return reason;
}

function isRoot(): boolean {
  if (process.geteuid?.() !== 0) return false;
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const sysAdmin = 21n;
  return ((BigInt(`0x${effective}`) >> sysAdmin) & 1n) === 1n;
}

let userNamespaces: boolean | undefined;

/** Tried rather than deduced: half a dozen settings of three security modules can forbid it. */
function userNamespacesWork(): boolean {
  userNamespaces ??=
    spawnSync('unshare', ['--user', '--map-root-user', 'true'], { stdio: 'ignore', timeout: 10_000 }).status === 0;
  return userNamespaces;
}

let subordinateIds: boolean | undefined;

/** Tried as well; newuidmap(1) knows who is meant by each line. */
function hasSubordinateIds(): boolean {
  subordinateIds ??=
    process.geteuid?.() === 0 ||
    spawnSync('unshare', ['--map-root-user', '--map-auto', 'true'], { stdio: 'ignore', timeout: 10_000 }).status === 0;
  return subordinateIds;
}

/** Listed once loaded; a mount by root would load it. */
function hasOverlay(): boolean {
  const listed = () => readFileSync('/proc/filesystems', 'utf8').split(/\s+/).includes('overlay');
  if (!listed()) spawnSync('modprobe', ['-q', 'overlay'], { stdio: 'ignore', timeout: 10_000 });
  return listed();
}

function missingControllers({ cgroup = [] }: Needs): string | undefined {
  const wanted = cgroup === true ? ['memory', 'cpu', 'pids'] : cgroup;
  const trees = wanted.length > 0 ? cgroupTrees() : [];
  const lacking = wanted.filter((name) => !trees.some((tree) => offersLimits(tree, name)));
  if (lacking.length === 0) return undefined;
  return `needs to limit ${lacking.join(', ')}: run the tests as root, or in a delegated cgroup with these controllers`;
}

function commandsOf({ command = [] }: Needs): readonly string[] {
  return typeof command === 'string' ? [command] : command;
}

function hasCommand(name: string): boolean {
  const folders = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`.split(':').filter(Boolean);
  return folders.some((folder) => mayAccess(`${folder}/${name}`, constants.X_OK));
}

function isAtLeast(version: string, least: string): boolean {
  const [a = 0, b = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [c = 0, d = 0] = least.split('.').map((part) => Number.parseInt(part, 10));
  return a > c || (a === c && b >= d);
}
