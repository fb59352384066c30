/** Overlays of a store that may have been left mounted, at places of whoever mounted them: a crash does not unmount those. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { attempt, perform, umount } from '@estiba/syscalls';
import { mountBehind, openPath } from '../mounts/mount-of.ts';
import { ownerAmong } from '../mounts/mount-owner.ts';
import { type MountPoint, mounts, mountsNow } from '../mounts/mountinfo.ts';
import { depthIn, isBelow } from '../mounts/mounts-below.ts';
import { directoriesOf, identityOf, topmost } from './find-mount.ts';
import type { Places } from './places.ts';
import { ownPaths } from './snapshot-overlay.ts';

export interface LeftMount {
  /** Where, in the mount namespace of this process. */
  readonly target: string;
  /** The name of the snapshot or view; undefined for an overlay that has layers of the store, and is none's. */
  readonly snapshot: string | undefined;
  /**
   * What has become of who mounted it: `ended`, or `unknown`, when it was not mounted by `snapshot.mount` or `mountOverlay`, or
   * was moved or bound to another place since, or in another pid namespace.
   */
  readonly owner: 'ended' | 'unknown';
}

interface Found extends LeftMount {
  readonly mount: MountPoint;
}

/**
 * Finds them, and unmounts those whose owner has ended if that is asked for and nobody uses them. What a running process has
 * mounted is not looked at; nor are the mount namespaces of others: their mounts go with them. To be called alone in the store.
 */
export async function clearLeftMounts(
  places: Places,
  { unmount }: { readonly unmount: boolean },
): Promise<{ mounted: LeftMount[]; unmounted: string[] }> {
  const left: { mounted: LeftMount[]; unmounted: string[] } = { mounted: [], unmounted: [] };
  for (const { mount, ...told } of await leftMounts(places)) {
    if (unmount && told.owner === 'ended' && unmounted(mount)) left.unmounted.push(told.target);
    else left.mounted.push(told);
  }
  return left;
}

/** What lies on top of others, or in them, first. */
async function leftMounts(places: Places): Promise<Found[]> {
  const all = await mounts();
  const names = await namesByTop(places);
  const found: Found[] = [];
  for (const mount of all.filter(({ type }) => type === 'overlay')) {
    const owner = ownerAmong(all, mount);
    if (owner === 'running') continue;
    const snapshot = await snapshotOf(mount, names);
    if (snapshot !== undefined || hasPartOf(places, mount))
      found.push({ target: mount.target, snapshot, owner, mount });
  }
  const depth = depthIn(all);
  return found.toSorted((a, b) => depth(b.mount) - depth(a.mount));
}

/** Snapshots by what tells their overlays from others; those whose note is gone or damaged, too. */
async function namesByTop({ snapshots }: Places): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const name of await readdir(snapshots)) {
    for (const view of [false, true]) {
      const { upper, top } = ownPaths(join(snapshots, name), view);
      const identity = await identityOf(upper ?? (top as string));
      if (identity !== undefined) names.set(identity, name);
    }
  }
  return names;
}

async function snapshotOf({ options }: MountPoint, names: ReadonlyMap<string, string>): Promise<string | undefined> {
  for (const path of topmost(options)) {
    const identity = await identityOf(path);
    const name = identity === undefined ? undefined : names.get(identity);
    if (name !== undefined) return name;
  }
  return undefined;
}

function hasPartOf({ root }: Places, { options }: MountPoint): boolean {
  return directoriesOf(options).some((path) => isBelow(path, root));
}

/** False when it is in use, is not to be had by its path or by this user, or is not what it was. umount2(2) */
function unmounted(mount: MountPoint): boolean {
  const call = umount(mount.target, ['nofollow']);
  // Directly before: its number and its place may be somebody else's since it was found.
  return (
    isThere(mount) &&
    perform([attempt([call], ['EBUSY', 'EINVAL', 'ENOENT', 'ENOTDIR', 'EPERM', 'EACCES'])]).of(call) === 0
  );
}

function isThere({ target, id, device, source }: MountPoint): boolean {
  try {
    using fd = openPath(target);
    const all = mountsNow();
    const there = mountBehind(fd, all);
    if (there?.id !== id || there.device !== device || there.source !== source) return false;
    return there.target === target && ownerAmong(all, there) === 'ended';
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
