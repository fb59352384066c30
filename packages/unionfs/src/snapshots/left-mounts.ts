/** Overlays of a store that may have been left mounted, at places of whoever mounted them: a crash does not unmount those. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { attempt, perform, umount } from '@estiba/syscalls';
import { mountIdAt } from '../mounts/mount-of.ts';
import { ownerOf } from '../mounts/mount-owner.ts';
import { type MountPoint, mounts } from '../mounts/mountinfo.ts';
import { isBelow } from '../mounts/mounts-below.ts';
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
  // What was mounted last may lie on top of what was mounted before.
  for (const { mount, ...told } of (await leftMounts(places)).toReversed()) {
    if (unmount && told.owner === 'ended' && unmounted(mount)) left.unmounted.push(told.target);
    else left.mounted.push(told);
  }
  return left;
}

async function leftMounts(places: Places): Promise<Found[]> {
  const all = (await mounts()).filter(({ type }) => type === 'overlay');
  const names = await namesByTop(places);
  const found: Found[] = [];
  for (const mount of all) {
    const owner = ownerIn(all, mount);
    if (owner === 'running') continue;
    const snapshot = await snapshotOf(mount, names);
    if (snapshot !== undefined || hasPartOf(places, mount))
      found.push({ target: mount.target, snapshot, owner, mount });
  }
  return found;
}

/** A mount bound to its own place is there twice, and nobody can tell who did that. */
function ownerIn(all: readonly MountPoint[], mount: MountPoint): 'running' | 'ended' | 'unknown' {
  const same = all.filter(({ source, target }) => source === mount.source && target === mount.target);
  return same.length === 1 ? ownerOf(mount) : 'unknown';
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

/** False when it is in use, or cannot be had by its path. umount2(2) */
function unmounted({ target, id }: MountPoint): boolean {
  if (mountIdAt(target) !== id) return false;
  const call = umount(target, ['nofollow']);
  return perform([attempt([call], ['EBUSY', 'EINVAL', 'ENOENT'])]).of(call) === 0;
}
