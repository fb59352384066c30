import { existsSync } from 'node:fs';
import { DEFAULT_FOLDER } from './cgroup-path.ts';
import { readWords } from './control-file.ts';
import { folderOf } from './folder.ts';
import { type Host, refreshHost } from './host.ts';
import type { Hierarchy } from './mountinfo.ts';
import { placeIn } from './place.ts';

export interface CgroupSupport {
  mode: 'v1' | 'v2' | 'hybrid';
  /** Each controller that this kernel offers here, and the version under which: `{ memory: 2, pids: 2 }`. */
  controllers: Record<string, 1 | 2>;
  /** Where the trees are mounted, and what each has. */
  hierarchies: readonly Hierarchy[];
  /** Whether this process may make cgroups: anywhere, or at least below `folder`. */
  delegated: boolean;
  /** What `cgroupFolder()` resolves to; undefined: nowhere. */
  folder: string | undefined;
  /** Those of `controllers` that can limit below `folder`: on v2 what the cgroups above it hand down. */
  delegatedControllers: readonly string[];
  /** v2: whether the root of a cgroup namespace guards what was delegated into it. cgroup_namespaces(7) */
  nsdelegate: boolean;
  /** Whether systemd has made the tree, and `createScope()` is the polite way to a part of it. sd_booted(3) */
  systemd: boolean;
}

/**
 * What this host offers, for choosing before failing. Reads the mount table again: call it after mounting or unmounting
 * a cgroup file system.
 *
 * @throws CgroupError `CONTROLLER_UNAVAILABLE` where there are no cgroups at all
 */
export async function detectCgroups(): Promise<CgroupSupport> {
  const host = refreshHost();
  const folder = folderOf(host);
  const controllers = [...host.controllers].map(([name, { version }]) => [name, version] as const);
  return {
    mode: host.mode,
    controllers: Object.fromEntries(controllers),
    hierarchies: host.hierarchies,
    delegated: folder !== undefined,
    folder,
    delegatedControllers: folder === undefined ? [] : handedDown(host, folder),
    nsdelegate: host.unified?.nsdelegate ?? false,
    systemd: existsSync('/run/systemd/system'),
  };
}

/** v1 hands on everything; on v2 a cgroup has what the one above it enables. */
function handedDown(host: Host, folder: string): string[] {
  const above = folder.slice(0, -DEFAULT_FOLDER.length) || '/';
  const ofV2 = host.unified ? readWords(placeIn(host.unified, above).directory, 'cgroup.controllers') : [];
  return [...host.controllers].flatMap(([name, { version }]) => (version === 1 || ofV2.includes(name) ? [name] : []));
}
