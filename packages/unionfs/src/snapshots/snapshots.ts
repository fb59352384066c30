/** Trees over the layers of a store; whose layers are mounted as long as the kernel has to find them. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { IdMaps } from '../layer/id-maps.ts';
import { shiftOf } from '../layer/owners.ts';
import { mountOverlay } from '../mount-overlay.ts';
import { namespaceOf } from '../mounts/id-map-namespace.ts';
import type { Mounted } from '../mounts/mounted.ts';
import { overlayNamespace } from '../overlay-namespace.ts';
import type { OverlayOptions } from '../steps/overlay-options.ts';
import { UnionfsError } from '../unionfs-error.ts';
import { alone } from './alone.ts';
import { isDebris, takeDebris } from './debris.ts';
import { type FlattenContext, flatten } from './flatten.ts';
import { hideUnneeded, type Standings } from './hidden-layers.ts';
import { inheritRoot } from './inherit-root.ts';
import { backendOf } from './layers.ts';
import { checkMount, marksOf } from './marks.ts';
import { refuseRemoval, refuseSecondMount } from './mounted-snapshot.ts';
import { moveInto } from './places.ts';
import { readSnapshotRecord, type SnapshotRecord, writeSnapshotRecord } from './records.ts';
import { type Keeper, type Snapshot, StoredSnapshot } from './snapshot.ts';
import { fits, overlayOf, ownPaths } from './snapshot-overlay.ts';
import { pathsOf, standOn } from './standing.ts';
import { syncFile } from './sync.ts';

export interface PrepareOptions {
  /** The chain id of the topmost layer; over nothing without. */
  readonly parent?: string | undefined;
  /**
   * For a user namespace with these maps: `mount` shows the layers by them, without a copy, and what is written belongs to who is
   * who there. Root, Linux 5.19, layers on a file system that takes id maps (see `bind`). Not in a store with an `owner`.
   */
  readonly idmap?: IdMaps | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Wanted {
  readonly name: string;
  /** Called alone in the store: what it said before may not hold any more. */
  readonly record: () => Promise<SnapshotRecord>;
  readonly signal?: AbortSignal | undefined;
}

export interface SnapshotContext extends FlattenContext {
  /** Those that the owners of all layers are shifted by. */
  readonly owner: IdMaps | undefined;
}

export class Snapshots implements Keeper {
  readonly #context: SnapshotContext;

  constructor(context: SnapshotContext) {
    this.#context = context;
  }

  async prepare(name: string, view: boolean, { parent, idmap, signal }: PrepareOptions): Promise<Snapshot> {
    const shift = shiftOf(idmap ?? 'keep');
    if (idmap !== undefined) this.#refuseShiftedTwice(name);
    const { places, workplace, durable } = this.#context;
    const target = places.snapshot(name);
    const record: SnapshotRecord = {
      ...(parent !== undefined && { parent }),
      ...(view && { view }),
      ...(idmap !== undefined && { idmap }),
    };
    await using work = await workplace.begin();
    const made = join(work.path, 'made');
    await mkdir(made);
    for (const path of Object.values(ownPaths(made, view))) await mkdir(path);
    await writeSnapshotRecord(made, record, durable);
    const snapshot = await this.#onLayers({ name, record: async () => record, signal }, async (snapshot, lower) => {
      const { upper, top } = ownPaths(made, view);
      inheritRoot(lower[0] as string, upper ?? (top as string), shift);
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
    return await this.#onLayers({ name, record: () => this.#get(name) }, async ({ overlay, idmap }) => {
      if (overlay.upper !== undefined) await refuseSecondMount(name, overlay.upper, target);
      using namespace = idmap === undefined ? undefined : await namespaceOf(idmap);
      // Its own directory belongs to those outside already, as all that is written to it.
      const lowerIdmapFrom = overlay.upper === undefined ? 1 : 0;
      const mapped = namespace === undefined ? {} : { lowerIdmap: namespace, lowerIdmapFrom };
      return await mountOverlay({
        ...overlay,
        ...mapped,
        target,
        ...(readonly && { attributes: ['rdonly'] as const }),
      });
    });
  }

  async remove(name: string): Promise<void> {
    const { places, workplace } = this.#context;
    if ((await this.#record(name)) === undefined) return;
    await using work = await workplace.begin();
    await alone(places.root, async () => {
      const record = await this.#record(name);
      if (record === undefined) return;
      await refuseRemoval(name, ownPaths(places.snapshot(name), record.view === true));
      await work.take(places.snapshot(name));
      await this.#hideUnneeded(record.parent);
    });
  }

  async names(): Promise<string[]> {
    const { snapshots } = this.#context.places;
    return (await readdir(snapshots)).filter((name) => !isDebris(join(snapshots, name))).sort();
  }

  /** What each of them stands on. Throws STORE_DAMAGED for one whose note cannot be read: that is not known then. */
  async parents(): Promise<Standings['parents']> {
    const { parents, damaged } = await this.standing();
    for (const name of damaged) await this.#get(name);
    return parents;
  }

  /** The same, and the names of those of which it is not known. */
  async standing(): Promise<Standings> {
    const parents: { name: string; parent: string }[] = [];
    const damaged: string[] = [];
    for (const name of await this.names()) {
      try {
        const parent = (await this.#record(name))?.parent;
        if (parent !== undefined) parents.push({ name, parent });
      } catch (error) {
        if (!(error instanceof UnionfsError) || error.code !== 'STORE_DAMAGED') throw error;
        damaged.push(name);
      }
    }
    return { parents, damaged };
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
          const snapshot = new StoredSnapshot(name, describe(lower), this, { ...record, owner: this.#context.owner });
          return { done: await action(snapshot, lower) };
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

  #refuseShiftedTwice(name: string): void {
    if (this.#context.owner === undefined) return;
    const why = 'the owners of the layers in this store are shifted already; use a store that keeps them';
    throw new UnionfsError('NAME_INVALID', `cannot prepare the snapshot ${name} with an id map: ${why}`);
  }

  /** To be called alone in the store. */
  async #hideUnneeded(top: string | undefined): Promise<void> {
    await hideUnneeded(top, this.#context.layers, () => this.standing());
  }
}
