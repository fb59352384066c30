import { readFileSync, statfsSync } from 'node:fs';
import { shortage } from './call-rules.ts';
import { CgroupError } from './cgroup-error.ts';
import { readWords } from './control-file.ts';
import { type Hierarchy, parseMountinfo } from './mountinfo.ts';
import { errnoOf, refusal } from './refusal.ts';

/** What this machine offers. */
export interface Host {
  readonly mode: 'v1' | 'v2' | 'hybrid';
  readonly hierarchies: readonly Hierarchy[];
  /** The v2 tree: beside v1 it has few controllers, but it tracks, freezes and kills processes. */
  readonly unified: Hierarchy | undefined;
  /** Where each controller is. */
  readonly controllers: ReadonlyMap<string, Hierarchy>;
}

/** Read once; `detectCgroups()` reads again. */
export function currentHost(): Host {
  current ??= readHost();
  return current;
}

export function refreshHost(mountinfo?: string): Host {
  current = undefined;
  current = readHost(mountinfo);
  return current;
}

let current: Host | undefined;

function readHost(mountinfo = readMountinfo()): Host {
  const hierarchies = parseMountinfo(mountinfo, isThere).map(withControllers);
  const unified = hierarchies.find(({ version }) => version === 2);
  const v1 = hierarchies.filter(({ version }) => version === 1);
  if (hierarchies.length === 0) throw none('no cgroup file system is mounted; mount cgroup2 on /sys/fs/cgroup');
  return {
    mode: unified === undefined ? 'v1' : v1.length === 0 ? 'v2' : 'hybrid',
    hierarchies,
    unified,
    controllers: new Map(hierarchies.flatMap((hierarchy) => hierarchy.controllers.map((name) => [name, hierarchy]))),
  };
}

function readMountinfo(): string {
  if (process.platform !== 'linux') throw none(`Linux only, this is ${process.platform}`);
  const file = '/proc/self/mountinfo';
  return reading(file, () => readFileSync(file, 'utf8'));
}

// A mount that lies under another one is listed too: ask the path itself. statfs(2)
function isThere({ mountPoint, version }: Hierarchy): boolean {
  try {
    return statfsSync(mountPoint).type === (version === 2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC);
  } catch {
    return false;
  }
}

const CGROUP_SUPER_MAGIC = 0x27e0eb;
const CGROUP2_SUPER_MAGIC = 0x63677270;

function withControllers(hierarchy: Hierarchy): Hierarchy {
  if (hierarchy.version === 1) return hierarchy;
  const file = 'cgroup.controllers';
  const controllers = reading(`${hierarchy.mountPoint}/${file}`, () => readWords(hierarchy.mountPoint, file));
  return { ...hierarchy, controllers };
}

function reading<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === undefined || shortage(errno) !== undefined)
      throw refusal(cause, { attempt: `use cgroups: read ${file}`, path: '/', file });
    throw none(`${file} cannot be read (${errno}); mount proc on /proc, and the cgroups`, cause);
  }
}

function none(reason: string, cause?: unknown): CgroupError {
  return new CgroupError('CONTROLLER_UNAVAILABLE', `cannot use cgroups: ${reason}`, { path: '/', cause });
}
