import { Readable } from 'node:stream';
import { diffLayer, type UpperOptions } from '../diff/diff-layer.ts';
import type { IdMaps } from '../layer/id-maps.ts';
import type { Mounted } from '../mounts/mounted.ts';
import type { OverlayOptions } from '../steps/overlay-options.ts';
import { UnionfsError } from '../unionfs-error.ts';
import { type Usage, usageAt } from '../volumes/usage.ts';

/** How the changes in a snapshot become a layer. */
export type SnapshotDiffOptions = Omit<UpperOptions, 'upper' | 'lower' | 'lowerIdmap' | 'namespace'>;

/** A tree over a stack of layers. Disposing of it removes it. */
export interface Snapshot extends AsyncDisposable {
  readonly name: string;
  /** The chain id of the topmost layer; undefined over nothing. */
  readonly parent: string | undefined;
  /** Whether nobody can write to it: a view. */
  readonly readonly: boolean;
  /** The maps that it was prepared with. */
  readonly idmap: IdMaps | undefined;
  /**
   * How to mount it: the layers, the topmost first, and its own directories. Layers of the erofs form are mounted at these
   * paths in the mount namespace of this process, and in those copied from it. Of one with an `idmap` it shows the layers as they are:
   * whoever mounts it adds the user namespace as `lowerIdmap`, and for a view `lowerIdmapFrom: 1`; as `mount` does.
   */
  readonly overlay: OverlayOptions;
  /** Mount it; `readonly` shows what it holds and lets nobody change it. Needs CAP_SYS_ADMIN. */
  mount(target: string, options?: { readonly readonly?: boolean }): Promise<Mounted>;
  /**
   * What was written to it takes on the disk; without the layers. Throws SNAPSHOT_MISSING when it has been removed; LAYER_REFUSED
   * where modes keep an ordinary user out of what is his own.
   */
  usage(): Promise<Usage>;
  /**
   * What was written to it, as a layer: an uncompressed tar, which nothing is read for before it is read itself. With
   * `dropEqual` what was only copied up, and is as it was below, is left out. Owners that were shifted, or come by an id map, are
   * shifted back. Best not while something writes to it. Throws
   * TREE_UNSUPPORTED for what no layer can say.
   */
  diff(options?: SnapshotDiffOptions): Readable;
  /**
   * Delete it with all that was written to it; once is enough, twice is harmless. Throws SNAPSHOT_BUSY while it is mounted,
   * here or in the mount namespace of a process that this one may look at. Others are not seen: whoever hands `overlay` to
   * somebody else has to know.
   */
  remove(): Promise<void>;
}

/** What a snapshot needs of its store. */
export interface Keeper {
  mount(name: string, target: string, readonly: boolean): Promise<Mounted>;
  /** Shows the layers again, should somebody have unmounted them. */
  refresh(name: string): Promise<Snapshot>;
  remove(name: string): Promise<void>;
}

interface Owned {
  readonly parent?: string;
  readonly idmap?: IdMaps;
  /** Those of the store. */
  readonly owner: IdMaps | undefined;
}

export class StoredSnapshot implements Snapshot {
  readonly name: string;
  readonly parent: string | undefined;
  readonly overlay: OverlayOptions;
  readonly idmap: IdMaps | undefined;
  readonly #keeper: Keeper;
  readonly #owner: IdMaps | undefined;

  constructor(name: string, overlay: OverlayOptions, keeper: Keeper, { parent, idmap, owner }: Owned) {
    this.name = name;
    this.parent = parent;
    this.overlay = overlay;
    this.idmap = idmap;
    this.#keeper = keeper;
    this.#owner = owner;
  }

  get readonly(): boolean {
    return this.overlay.upper === undefined;
  }

  mount(target: string, { readonly = false }: { readonly readonly?: boolean } = {}): Promise<Mounted> {
    return this.#keeper.mount(this.name, target, readonly);
  }

  async usage(): Promise<Usage> {
    const usage = await usageAt(this.overlay.upper ?? (this.overlay.lower[0] as string));
    if (usage !== undefined) return usage;
    throw new UnionfsError('SNAPSHOT_MISSING', `cannot measure the snapshot ${this.name}: it has been removed`);
  }

  diff(options: SnapshotDiffOptions = {}): Readable {
    return Readable.from(this.#changes(options), { objectMode: false });
  }

  async *#changes(options: SnapshotDiffOptions): AsyncGenerator<Buffer> {
    const { upper, lower, userxattr } = (await this.#keeper.refresh(this.name)).overlay;
    if (upper === undefined) {
      const why = 'it is a view, to which nobody can write';
      throw new UnionfsError('TREE_UNSUPPORTED', `cannot tell the changes of the snapshot ${this.name}: ${why}`);
    }
    const namespace = userxattr ? 'user' : 'trusted';
    const owner = this.idmap ?? this.#owner;
    yield* diffLayer({
      ...(owner !== undefined && { owner }),
      ...options,
      upper,
      namespace,
      ...(options.dropEqual && { lower, ...(this.idmap !== undefined && { lowerIdmap: this.idmap }) }),
    });
  }

  remove(): Promise<void> {
    return this.#keeper.remove(this.name);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.remove();
  }
}
