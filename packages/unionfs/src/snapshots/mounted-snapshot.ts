/** What cannot be done with a snapshot while it is mounted, by whomever. To be called alone in the store. */
import { UnionfsError } from '../unionfs-error.ts';
import { findMount, type UsedBy } from './find-mount.ts';
import type { OwnPaths } from './snapshot-overlay.ts';

export async function refuseRemoval(name: string, { upper, top }: OwnPaths): Promise<void> {
  const mounted = await findMount(upper ?? (top as string));
  if (mounted === undefined) return;
  throw new UnionfsError('SNAPSHOT_BUSY', `cannot remove the snapshot ${name}: ${inWords(mounted)}`);
}

/** Two overlays that write to one directory: overlayfs does not say what is in it then, and without `index` does not refuse. */
export async function refuseSecondMount(name: string, upper: string, target: string): Promise<void> {
  const mounted = await findMount(upper);
  if (mounted === undefined) return;
  const already = `it is mounted on ${mounted.place} already, and both would write to it; bind that mount to a second place instead`;
  const why = mounted.left ? inWords(mounted) : already;
  throw new UnionfsError('SNAPSHOT_BUSY', `cannot mount the snapshot ${name} on ${target}: ${why}`);
}

function inWords({ place, left }: UsedBy): string {
  const remedy = ' by a process that has ended; unmount it, or prune with unmount: true';
  return `it is mounted on ${place}${left ? remedy : ''}`;
}
