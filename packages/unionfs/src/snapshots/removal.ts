/** What goes, when, and what stays because something stands on it. */
import { existsSync } from 'node:fs';
import { UnionfsError } from '../unionfs-error.ts';
import { alone } from './alone.ts';
import { backends } from './choose-backend.ts';
import { clearDebris } from './debris.ts';
import type { FlattenContext } from './flatten.ts';
import { inTheMaking } from './layer-lock.ts';
import type { Layer } from './layers.ts';
import { type LayersInUse, layersInUse } from './layers-in-use.ts';
import { clearLeftMounts, type LeftMount } from './left-mounts.ts';
import { layerNote } from './records.ts';
import type { Snapshots } from './snapshots.ts';
import type { Work } from './workplace.ts';

export interface RemovalContext extends FlattenContext {
  readonly snapshots: Snapshots;
}

export interface PruneOptions {
  /** The chain ids of layers; those below them are kept, too. */
  readonly keep: Iterable<string>;
  /**
   * Unmount what a process has left mounted that has ended, where nobody uses it; without, it is only told. Not for programs that
   * mount a snapshot and end, so that others find it there.
   */
  readonly unmount?: boolean;
}

export interface Pruned {
  /** The chain ids of the layers removed. */
  readonly removed: string[];
  /** That this freed. */
  readonly bytes: number;
  /** Overlays of the store that may have been left: those that still are mounted, */
  readonly mounted: LeftMount[];
  /** and the targets of those that no longer are. */
  readonly unmounted: string[];
  /** Snapshots whose note cannot be read. While there are any, no layer is removed: they may stand on it. */
  readonly damaged: readonly string[];
}

/** All layers that nothing needs. */
export async function prune({ keep, unmount = false }: PruneOptions, context: RemovalContext): Promise<Pruned> {
  const { places, workplace, snapshots } = context;
  await workplace.clear();
  const left = await alone(places.root, () => clearLeftMounts(places, { unmount }));
  await clearDebris(places, workplace);
  await using gone = await workplace.begin();
  const { removed, damaged } = await alone(places.root, async () => {
    const { damaged } = await snapshots.standing();
    const used = await layersInUse(places);
    const isUnknown = damaged.length > 0 || used.untold !== undefined;
    return { removed: isUnknown ? [] : await takeUnneeded(keep, used, gone, context), damaged };
  });
  return { removed, bytes: await gone.remove(), ...left, damaged };
}

/** One that nothing stands on; resolves to the bytes given back. */
export async function remove(chainId: string, context: RemovalContext): Promise<{ bytes: number }> {
  const { places, layers, workplace } = context;
  await using gone = await workplace.begin();
  await alone(places.root, async () => {
    // One whose note cannot be read is there to be removed, too.
    if (!existsSync(layerNote(places.layer(chainId)))) await layers.get(chainId);
    await refuseIfNeeded(chainId, context);
    await takeLayer(places.layer(chainId), gone);
  });
  return { bytes: await gone.remove() };
}

async function takeUnneeded(
  keep: Iterable<string>,
  { shown }: LayersInUse,
  gone: Work,
  { places, layers, snapshots }: RemovalContext,
): Promise<string[]> {
  const parents = (await snapshots.parents()).map(({ parent }) => parent);
  const making = (await inTheMaking(places.locks)).flatMap(({ chainId, parent }) => [chainId, parent ?? []].flat());
  const [mounted, needed] = [new Map<string, Layer | undefined>(), new Map<string, Layer | undefined>()];
  await layers.addWithParents(parents, mounted);
  const all = await layers.all();
  const used = all.flatMap(({ directory, record }) => (shown.has(directory) ? (record?.chainId ?? []) : []));
  // Whoever keeps a layer that cannot be read has no use of what is below it; whoever has it mounted has.
  await layers.addWithParents([...keep, ...parents, ...making, ...used], needed, { damaged: 'skip' });
  const kept = new Set([...needed.keys()].map((chainId) => places.layer(chainId)));
  const removed: string[] = [];
  for (const { directory, record } of all) {
    if (kept.has(directory) && existsSync(layerNote(directory))) {
      // Left so by somebody who was killed, or whose mounts came here.
      if (record !== undefined && !mounted.has(record.chainId)) backends.erofs.hide(directory);
      continue;
    }
    if (shown.has(directory)) continue;
    await takeLayer(directory, gone);
    if (record !== undefined) removed.push(record.chainId);
  }
  return removed;
}

async function refuseIfNeeded(chainId: string, { places, layers, snapshots }: RemovalContext): Promise<void> {
  const refuse = (why: string) => new UnionfsError('LAYER_BUSY', `cannot remove the layer ${chainId}: ${why}`);
  const parents = await snapshots.parents();
  const snapshot = parents.find(({ parent }) => parent === chainId);
  if (snapshot !== undefined) throw refuse(`the snapshot ${snapshot.name} stands on it; remove that first`);
  const above = (await layers.all()).find(({ record }) => record?.parent === chainId)?.record;
  if (above !== undefined) throw refuse(`the layer ${above.chainId} stands on it; remove that first`);
  const making = (await inTheMaking(places.locks)).find((one) => one.parent === chainId || one.chainId === chainId);
  if (making !== undefined) throw refuse(`the layer ${making.chainId} is being made; wait for that first`);
  const { shown, untold } = await layersInUse(places);
  const where = shown.get(places.layer(chainId));
  if (where !== undefined) throw refuse(`it is mounted on ${where}; unmount that first`);
  if (untold !== undefined) {
    throw refuse(`what is left of a snapshot is mounted on ${untold}, perhaps with it; unmount that first`);
  }
  // Throws for one whose note cannot be read below a snapshot: this may be what it stands on.
  await layers.addWithParents(
    parents.map(({ parent }) => parent),
    new Map(),
  );
}

/** Unmounted first: what is mounted in it would neither let it be moved away nor be removed. */
export async function takeLayer(directory: string, gone: Work): Promise<void> {
  backends.erofs.hide(directory);
  await gone.take(directory);
}
