import { folderOf } from './folder.ts';
import { refreshHost } from './host.ts';

export interface CgroupSupport {
  mode: 'v1' | 'v2' | 'hybrid';
  /** Each controller that can be used, and the version under which: `{ memory: 2, pids: 2 }`. */
  controllers: Record<string, 1 | 2>;
  /** Whether this process may make cgroups: anywhere, or at least below `cgroupFolder()`. */
  delegated: boolean;
}

/**
 * What this host offers, for choosing before failing. Reads the mount table again: call it after mounting or unmounting
 * a cgroup file system.
 *
 * @throws CgroupError `CONTROLLER_UNAVAILABLE` where there are no cgroups at all
 */
export async function detectCgroups(): Promise<CgroupSupport> {
  const host = refreshHost();
  const controllers = [...host.controllers].map(([name, { version }]) => [name, version] as const);
  return { mode: host.mode, controllers: Object.fromEntries(controllers), delegated: folderOf(host) !== undefined };
}
