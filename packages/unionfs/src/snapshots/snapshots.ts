/** Trees over the layers of a store; whose layers are mounted as long as the kernel has to find them. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { mountOverlay } from '../mount-overlay.ts';
import type { Mounted } from '../mounts/mounted.ts';
import { overlayNamespace } from '../overlay-namespace.ts';
import { overlayTree } from '../steps/overlay.ts';
import type { OverlayOptions } from '../steps/overlay-options.ts';
import { UnionfsError } from '../unionfs-error.ts';
import { alone } from './alone.ts';
import { isDebris, takeDebris } from './debris.ts';
import { findMount } from './find-mount.ts';
import { type FlattenContext, flatten } from './flatten.ts';
import { inheritRoot } from './inherit-root.ts';
import { backendOf, type Layer } from './layers.ts';
import { checkMount, marksOf } from './marks.ts';
import { moveInto } from './places.ts';
import { readSnapshotRecord, type SnapshotRecord, writeSnapshotRecord } from './records.ts';
import { type Keeper, type Snapshot, StoredSnapshot } from './snapshot.ts';
import { overlayOf, ownPaths } from './snapshot-overlay.ts';
import { pathsOf, standOn } from './standing.ts';
import { syncFile } from './sync.ts';

export interface PrepareOptions {
  /** The chain id of the topmost layer; over nothing without. */
  readonly parent?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Wanted {
  readonly name: string;
  /** Called alone in the store: what it said before may not hold any more. */
  readonly record: () => Promise<SnapshotRecord>;
  readonly signal?: AbortSignal | undefined;
}

export class Snapshots implements Keeper {
  readonly #context: FlattenContext;

  constructor(context: FlattenContext) {
    this.#context = context;
  }

  async prepare(name: string, view: boolean, { parent, signal }: PrepareOptions): Promise<Snapshot> {
    const { places, workplace, durable } = this.#context;
    const target = places.snapshot(name);
    const record: SnapshotRecord = { ...(parent !== undefined && { parent }), ...(view && { view }) };
    await using work = await workplace.begin();
    const made = join(work.path, 'made');
    await mkdir(made);
    for (const path of Object.values(ownPaths(made, view))) await mkdir(path);
    await writeSnapshotRecord(made, record, durable);
    const snapshot = await this.#onLayers({ name, record: async () => record, signal }, async (snapshot, lower) => {
      const { upper, top } = ownPaths(made, view);
      inheritRoot(lower[0] as string, upper ?? (top as string));
      if (await moveInto(made, target)) return snapshot;
      if ((await takeDebris(target, work)) && (await moveInto(made, target))) return snapshot;
      const why = 'there is one by that name already';
      throw new UnionfsError('SNAPSHOT_EXISTS', `cannot prepare the snapshot ${name}: ${why}`);
    });
    if (durable) await syncFile(places.snapshots);
    return snapshot;
  }

  async refresh(name: string): Promise<Snapshot> {
    return await this.#onLayers({ name, record: () => this.#get(name) }, async (snapshot) => snapshot);
  }

  async mount(name: string, target: string, readonly: boolean): Promise<Mounted> {
    // Alone in the store until it can be seen: nobody removes it meanwhile.
    return await this.#onLayers({ name, record: () => this.#get(name) }, async ({ overlay }) => {
      if (overlay.upper !== undefined) await refuseSecondMount(name, overlay.upper, target);
      return await mountOverlay({ ...overlay, target, ...(readonly && { attributes: ['rdonly'] as const }) });
    });
  }

  async remove(name: string): Promise<void> {
    const { places, workplace } = this.#context;
    if ((await this.#record(name)) === undefined) return;
    await using work = await workplace.begin();
    await alone(places.root, async () => {
      const record = await this.#record(name);
      if (record === undefined) return;
      await this.#refuseIfMounted(name, record);
      await work.take(places.snapshot(name));
      await this.#hideUnneeded(record.parent);
    });
  }

  async names(): Promise<string[]> {
    const { snapshots } = this.#context.places;
    return (await readdir(snapshots)).filter((name) => !isDebris(join(snapshots, name))).sort();
  }

  /** What each of them stands on. */
  async parents(): Promise<{ readonly name: string; readonly parent: string }[]> {
    const parents: { name: string; parent: string }[] = [];
    for (const name of await this.names()) {
      const parent = (await this.#record(name))?.parent;
      if (parent !== undefined) parents.push({ name, parent });
    }
    return parents;
  }

  async #get(name: string): Promise<SnapshotRecord> {
    const record = await this.#record(name);
    if (record !== undefined) return record;
    throw new UnionfsError('SNAPSHOT_MISSING', `there is no snapshot ${name}`);
  }

  #record(name: string): Promise<SnapshotRecord | undefined> {
    return readSnapshotRecord(this.#context.places.snapshot(name));
  }

  /** Alone in the store, once what it stands on can be mounted. */
  async #onLayers<T extends object>(
    { name, record: readRecord, signal }: Wanted,
    action: (snapshot: Snapshot, lower: readonly string[]) => Promise<T>,
  ): Promise<T> {
    const { places, layers } = this.#context;
    for (;;) {
      const make = async () => {
        const record = await readRecord();
        const stack = await layers.stack(record.parent);
        const namespace = overlayNamespace();
        checkMount(name, stack, namespace);
        const describe = (lower: readonly string[]): OverlayOptions =>
          overlayOf(places.snapshot(name), record.view === true, lower, marksOf(stack, namespace));
        const standing = standOn(stack, (lower) => fits(describe(lower)));
        if ('missing' in standing) return standing;
        for (const layer of standing.layers) backendOf(layer).show(layer.directory);
        const lower = stack.length === 0 ? [places.empty] : pathsOf(standing);
        try {
          return { done: await action(new StoredSnapshot(name, record.parent, describe(lower), this), lower) };
        } catch (error) {
          await this.#hideUnneeded(record.parent);
          throw error;
        }
      };
      const outcome = await alone(places.root, make, signal);
      if ('done' in outcome) return outcome.done;
      await flatten(outcome.missing, this.#context, signal);
    }
  }

  async #refuseIfMounted(name: string, { view }: SnapshotRecord): Promise<void> {
    const { upper, top } = ownPaths(this.#context.places.snapshot(name), view === true);
    const mounted = await findMount(upper ?? (top as string));
    if (mounted === undefined) return;
    throw new UnionfsError('SNAPSHOT_BUSY', `cannot remove the snapshot ${name}: it is mounted on ${mounted}`);
  }

  /** Of the layers that one stood on, those that no other stands on. To be called alone in the store. */
  async #hideUnneeded(top: string | undefined): Promise<void> {
    if (top === undefined) return;
    const { layers } = this.#context;
    const [candidates, needed] = [new Map<string, Layer | undefined>(), new Map<string, Layer | undefined>()];
    await layers.addWithParents([top], candidates, { damaged: 'skip' });
    if (![...candidates.values()].some((layer) => layer?.record.backend === 'erofs')) return;
    const others = await this.parents();
    await layers.addWithParents(
      others.map(({ parent }) => parent),
      needed,
      { damaged: 'skip' },
    );
    for (const [chainId, layer] of candidates) {
      if (layer !== undefined && !needed.has(chainId)) backendOf(layer).hide(layer.directory);
    }
  }
}

/** Whether an overlay can have so many directories, with so long paths. */
function fits(overlay: OverlayOptions): boolean {
  // A stack of nothing still has the empty layer.
  if (overlay.lower.length === 0) return true;
  try {
    overlayTree(overlay);
    return true;
  } catch (error) {
    if (error instanceof UnionfsError && error.code === 'OVERLAY_UNSUPPORTED') return false;
    throw error;
  }
}

/** Two overlays that write to one directory: overlayfs does not say what is in it then, and without `index` does not refuse. */
async function refuseSecondMount(name: string, upper: string, target: string): Promise<void> {
  const mounted = await findMount(upper);
  if (mounted === undefined) return;
  const why = `it is mounted on ${mounted} already, and both would write to it; bind that mount to a second place instead`;
  throw new UnionfsError('SNAPSHOT_BUSY', `cannot mount the snapshot ${name} on ${target}: ${why}`);
}
