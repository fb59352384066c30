import type { Readable } from 'node:stream';
import type { IdMaps } from '../layer/id-maps.ts';
import { UnionfsError } from '../unionfs-error.ts';
import type { Usage } from '../volumes/usage.ts';
import type { BackendName } from './backend.ts';
import { type ChosenBackend, checkBackend, chooseBackend } from './choose-backend.ts';
import { type CommitContext, type CommitOptions, commit } from './commits.ts';
import { clearDebris } from './debris.ts';
import { hideLeft } from './hidden-layers.ts';
import { layerUsage } from './layer-usage.ts';
import { backendOf, contentOf, Layers } from './layers.ts';
import { Places } from './places.ts';
import { type Pruned, type PruneOptions, prune, type RemovalContext, remove } from './removal.ts';
import type { Snapshot } from './snapshot.ts';
import { type PrepareOptions, Snapshots } from './snapshots.ts';
import { settleOwner } from './store-owner.ts';
import { Workplace } from './workplace.ts';

export type { CommitOptions } from './commits.ts';
export type { LeftMount } from './left-mounts.ts';
export type { Pruned, PruneOptions } from './removal.ts';

export interface StoreOptions {
  /**
   * How layers are stored from now on; those that are here stay as they are, and all can stand on each other. `erofs`: each
   * in one file that the kernel mounts, without unpacking it (root, Linux 6.12). `directory`: unpacked. Default: erofs where
   * it can be used; `store.backend` tells. What no image can hold, more than 2 TiB with the holes of sparse files, is refused
   * with LAYER_REFUSED, also where the form was not asked for: the stream is at its end by then. Such a layer can be committed
   * anew to the same directory, opened with `directory`.
   */
  readonly backend?: 'auto' | BackendName;
  /**
   * Shift the owners of all layers by these maps, for containers in a user namespace that has them: `store.owner` tells. The first
   * who opens a store decides for good; left out, it is as it was decided. Root.
   */
  readonly owner?: IdMaps;
  /**
   * Wait until a layer is on the disk before it counts as there (default), or leave that to the kernel: quicker on a slow
   * disk, but a power cut may leave layers with empty files.
   */
  readonly durable?: boolean;
}

export interface StoredLayer {
  readonly chainId: string;
  readonly parent: string | undefined;
  readonly diffId: string;
  /** Bytes of the uncompressed tar. */
  readonly size: number;
  readonly backend: BackendName;
}

/**
 * Layers on disk, each once, keyed by chain id; and trees over them, to be written to or only looked at. Several processes
 * may use one directory at the same time; all of it is locked with flock(2), which ends with the process.
 */
export class SnapshotStore {
  /** How layers are stored from now on, and why. */
  readonly backend: ChosenBackend;
  /** The maps that the owners of all layers are shifted by; undefined where they are as the layers have them. */
  readonly owner: IdMaps | undefined;
  readonly #context: CommitContext & RemovalContext;

  private constructor(backend: ChosenBackend, context: CommitContext & RemovalContext) {
    this.backend = backend;
    this.owner = context.owner;
    this.#context = context;
  }

  /**
   * Opens a store, made when missing, removes what crashed processes left unfinished, and unmounts layers that no snapshot needs. Throws OVERLAY_UNSUPPORTED on
   * overlayfs, and for the backend `erofs` where it cannot be used; NAME_INVALID where a file is, for other
   * backends, and for an `owner` that is not that of the store.
   */
  static async open(
    directory: string,
    { backend = 'auto', durable = true, owner: wanted }: StoreOptions = {},
  ): Promise<SnapshotStore> {
    checkBackend(backend);
    const places = await Places.make(directory);
    const workplace = new Workplace(places.tmp);
    await workplace.clear();
    await clearDebris(places, workplace);
    const owner = await settleOwner(wanted, { places, workplace, durable });
    const chosen = await chooseBackend(backend, workplace);
    const context = { places, layers: new Layers(places), workplace, durable, owner };
    const snapshots = new Snapshots(context);
    await hideLeft(places, context.layers, () => snapshots.standing());
    return new SnapshotStore(chosen, { ...context, snapshots, backend: chosen.name });
  }

  /** Whether the layer is here, complete. */
  async has(chainId: string): Promise<boolean> {
    return (await this.#context.layers.find(chainId)) !== undefined;
  }

  /** All that are here and whose notes can be read, those below before those above. */
  async layers(): Promise<StoredLayer[]> {
    const records = (await this.#context.layers.all()).flatMap(({ record }) => record ?? []);
    const byId = new Map(records.map((record) => [record.chainId, record]));
    const listed = new Map<string, StoredLayer>();
    for (const { chainId } of records) {
      const chain: StoredLayer[] = [];
      for (let record = byId.get(chainId); record !== undefined && !listed.has(record.chainId); ) {
        const { parent, diffId, size, backend } = record;
        chain.push({ chainId: record.chainId, parent, diffId, size, backend });
        record = parent === undefined ? undefined : byId.get(parent);
      }
      for (const layer of chain.toReversed()) listed.set(layer.chainId, layer);
    }
    return [...listed.values()];
  }

  /**
   * Take in a layer: a tar, plain, gzip or zstd. It is here as a whole or not at all, whatever happens; a layer that is
   * here already is not read, and of several commits at once, in whatever processes, one does the work: should it fail, or
   * be killed, it is the next one's turn.
   */
  async commit(chainId: string, layer: Readable, options: CommitOptions = {}): Promise<void> {
    try {
      await commit(chainId, layer, options, this.#context);
    } finally {
      layer.destroy();
    }
  }

  /** What a layer takes on the disk. Throws LAYER_REFUSED where modes keep an ordinary user out of what is his own. */
  async usage(chainId: string): Promise<Usage> {
    return await layerUsage(await this.#context.layers.get(chainId));
  }

  /**
   * The layer as an uncompressed tar, byte for byte as it was committed: its digest is the diff id. Layers of the erofs form
   * have it; of others the bytes are gone: throws LAYER_MISSING.
   */
  async export(chainId: string): Promise<Readable> {
    const layer = await this.#context.layers.get(chainId);
    const original = backendOf(layer).original(layer.directory);
    if (original !== undefined) return original;
    throw new UnionfsError(
      'LAYER_MISSING',
      `cannot export the layer ${chainId}: it was unpacked into a directory, and the bytes it came as were not kept; keep the compressed layer, or make another one of ${contentOf(layer)} with diffLayer`,
    );
  }

  /**
   * A new writable tree over the given layer; over nothing when there is none. Over more layers than the kernel can mount
   * as one, the lower ones are first copied into one directory, which later ones use again.
   */
  prepare(name: string, options: PrepareOptions = {}): Promise<Snapshot> {
    return this.#context.snapshots.prepare(name, false, options);
  }

  /** The same for looking only. It keeps its layers here until it is removed, as any snapshot does. */
  view(name: string, options: PrepareOptions = {}): Promise<Snapshot> {
    return this.#context.snapshots.prepare(name, true, options);
  }

  /** A snapshot or view prepared earlier. */
  snapshot(name: string): Promise<Snapshot> {
    return this.#context.snapshots.refresh(name);
  }

  /** The names of all snapshots and views. */
  snapshots(): Promise<string[]> {
    return this.#context.snapshots.names();
  }

  /** Removes one layer. Throws LAYER_BUSY while a layer or a snapshot stands on it, or is being made on it, or it is mounted. */
  remove(chainId: string): Promise<{ bytes: number }> {
    return remove(chainId, this.#context);
  }

  /**
   * Removes all layers but those to keep, those below them, those of snapshots, those that an overlay or a bind shows, and those
   * that are being worked on, in whatever process; while a snapshot is mounted by an id map whose note is gone, and which does not tell,
   * none is removed. Unmounts layers that no snapshot needs. Finds the snapshots that were left mounted, in the mount
   * namespace of this process, and with `unmount` unmounts them; never what a running process has mounted. Throws STORE_DAMAGED
   * for a layer below a snapshot whose note cannot be read; snapshots of which that is so are told.
   */
  prune(options: PruneOptions): Promise<Pruned> {
    return prune(options, this.#context);
  }
}
