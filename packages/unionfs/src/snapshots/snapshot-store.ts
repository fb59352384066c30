/**
 *     layers/ID/layer.json, fs/          one layer, unpacked, in the form overlayfs reads; never changed once it is here
 *     snapshots/NAME/snapshot.json, upper/, work/
 *     empty/                             the layer below everything
 *     tmp/                               what is being made, moved to its place in one step when it is complete
 */
import { fstatSync } from 'node:fs';
import { chmod, mkdir, readdir, rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { Fd, open, perform } from '@estiba/syscalls';
import { applyLayer } from '../layer/apply-layer.ts';
import { setAttributes, setTimes } from '../layer/attributes.ts';
import { attributesOf } from '../layer/lower-view.ts';
import { overlayNamespace } from '../overlay-namespace.ts';
import type { OverlayOptions } from '../steps/overlay.ts';
import { UnionfsError } from '../unionfs-error.ts';
import { alone } from './alone.ts';
import { layerName, snapshotName } from './names.ts';
import {
  type LayerRecord,
  readLayerRecord,
  readSnapshotRecord,
  writeLayerRecord,
  writeSnapshotRecord,
} from './records.ts';
import { settled } from './settled.ts';
import { type Snapshot, StoredSnapshot } from './snapshot.ts';
import { syncDirectory, syncFileSystem } from './sync.ts';
import { type Work, Workplace } from './workplace.ts';

export interface StoreOptions {
  /**
   * Wait until a layer is on the disk before it counts as there (default), or leave that to the kernel: quicker on a slow
   * disk, but a power cut may leave layers with empty files.
   */
  readonly durable?: boolean;
}

export interface CommitOptions {
  /** The chain id of the layer below. */
  readonly parent?: string | undefined;
  /**
   * The digest that the uncompressed layer must have; the layer is not taken in if it has another. Without it the layer is
   * believed to be the one that the chain id stands for: whoever wrote it decides what all images show that share the id.
   */
  readonly diffId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface StackedLayer {
  readonly path: string;
  readonly record: LayerRecord;
}

/** Unpacked layers on disk, each once, keyed by chain id; and writable snapshots over them. */
export class SnapshotStore {
  readonly #directory: string;
  readonly #workplace: Workplace;
  readonly #durable: boolean;
  readonly #commits = new Map<string, { readonly done: Promise<void>; readonly parent: string | undefined }>();

  private constructor(directory: string, durable: boolean) {
    this.#directory = directory;
    this.#durable = durable;
    this.#workplace = new Workplace(join(directory, 'tmp'));
  }

  /** Opens a store, made when missing, and removes what crashed processes left unfinished. */
  static async open(directory: string, { durable = true }: StoreOptions = {}): Promise<SnapshotStore> {
    const path = resolve(directory);
    await mkdir(path, { recursive: true });
    // Layers hold set-uid files of strangers: nobody else is to reach them here.
    await chmod(path, 0o700);
    for (const name of ['layers', 'snapshots', 'tmp', 'empty']) await mkdir(join(path, name), { recursive: true });
    await chmod(join(path, 'empty'), 0o755);
    const store = new SnapshotStore(path, durable);
    await store.#workplace.clear();
    return store;
  }

  /** Whether the layer is here, complete. */
  async has(chainId: string): Promise<boolean> {
    return (await this.#layer(chainId)) !== undefined;
  }

  /**
   * Take in a layer: a tar, plain, gzip or zstd. It is here as a whole or not at all, whatever happens; a layer that is
   * here already is not read, and of several commits at once one does the work.
   */
  async commit(chainId: string, layer: Readable, options: CommitOptions = {}): Promise<void> {
    layerName(chainId);
    try {
      // Nothing is waited for between looking for others and being one, or two could find nobody.
      for (let other = this.#commits.get(chainId); other !== undefined; other = this.#commits.get(chainId)) {
        // If the other one fails it is our turn.
        await settled(other.done, options.signal);
      }
      const done = this.#unpackOnce(chainId, layer, options).finally(() => this.#commits.delete(chainId));
      this.#commits.set(chainId, { done, parent: options.parent });
      await done;
    } finally {
      layer.destroy();
    }
  }

  /** A new writable tree over the given layer; over nothing when there is none. */
  async prepare(name: string, options: { readonly parent?: string | undefined } = {}): Promise<Snapshot> {
    const { parent } = options;
    const target = this.#snapshotDirectory(name);
    await using work = await this.#workplace.begin();
    const made = join(work.path, 'made');
    await mkdir(join(made, 'upper'), { recursive: true });
    await mkdir(join(made, 'work'));
    await writeSnapshotRecord(made, { version: 1, ...(parent !== undefined && { parent }) });
    return await alone(this.#directory, async () => {
      const stack = await this.#stack(parent);
      checkMount(name, stack, overlayNamespace());
      inheritRoot(stack[0]?.path ?? join(this.#directory, 'empty'), join(made, 'upper'));
      if (await moveInto(made, target)) return this.#snapshot(name, parent, stack);
      throw new UnionfsError(
        'SNAPSHOT_EXISTS',
        `cannot prepare the snapshot ${name}: there is one by that name already`,
      );
    });
  }

  /** A snapshot prepared earlier. */
  async snapshot(name: string): Promise<Snapshot> {
    const record = await readSnapshotRecord(this.#snapshotDirectory(name));
    if (record === undefined) throw new UnionfsError('SNAPSHOT_MISSING', `there is no snapshot ${name}`);
    return this.#snapshot(name, record.parent, await this.#stack(record.parent));
  }

  /** The names of all snapshots. */
  async snapshots(): Promise<string[]> {
    return (await readdir(join(this.#directory, 'snapshots'))).sort();
  }

  /**
   * Removes all layers but those to keep, those below them, those of snapshots, and those that are being worked on. A commit
   * of another process whose parent this removes fails. Gives the chain ids removed, and the bytes that this freed.
   */
  async prune({ keep }: { readonly keep: Iterable<string> }): Promise<{ removed: string[]; bytes: number }> {
    await this.#workplace.clear();
    await using gone = await this.#workplace.begin();
    const removed = await alone(this.#directory, () => this.#takeUnneeded(keep, gone));
    return { removed, bytes: await gone.remove() };
  }

  async #takeUnneeded(keep: Iterable<string>, gone: Work): Promise<string[]> {
    const needed = new Set<string>();
    const commits = [...this.#commits].flatMap(([chainId, { parent }]) => [chainId, parent ?? []].flat());
    for (const chainId of [...keep, ...(await this.#parentsOfSnapshots()), ...commits]) {
      await this.#addWithParents(chainId, needed);
    }
    const removed: string[] = [];
    for (const name of await readdir(join(this.#directory, 'layers'))) {
      const path = join(this.#directory, 'layers', name);
      const record = await readLayerRecord(path);
      if (record !== undefined && needed.has(record.chainId)) continue;
      await gone.take(path);
      if (record !== undefined) removed.push(record.chainId);
    }
    return removed;
  }

  async #unpackOnce(chainId: string, layer: Readable, options: CommitOptions): Promise<void> {
    if (!(await this.has(chainId))) await this.#unpack(chainId, layer, options);
  }

  async #unpack(chainId: string, layer: Readable, { parent, diffId, signal }: CommitOptions): Promise<void> {
    const stack = await this.#stack(parent);
    const namespace = overlayNamespace();
    checkCommit(chainId, stack, namespace);
    const lower = stack.map(({ path }) => path);
    await using work = await this.#workplace.begin();
    const made = join(work.path, 'made');
    const fs = join(made, 'fs');
    await mkdir(fs, { recursive: true });
    await chmod(fs, 0o755);
    const applied = await applyLayer(layer, fs, {
      whiteouts: 'overlay',
      // An empty one says that there is nothing to hide.
      lower: lower.length > 0 ? lower : [join(this.#directory, 'empty')],
      ...(diffId !== undefined && { expect: diffId }),
      ...(signal !== undefined && { signal }),
    });
    const { size, opaque } = applied;
    await writeLayerRecord(made, {
      version: 1,
      chainId,
      ...(parent !== undefined && { parent }),
      diffId: applied.diffId,
      size,
      opaque,
      namespace,
    });
    if (this.#durable) syncFileSystem(made);
    signal?.throwIfAborted();
    await alone(this.#directory, async () => {
      // What it stands on may have been pruned by another process.
      await this.#stack(parent);
      // When another process was quicker, its layer is as good as ours.
      await moveInto(made, this.#layerDirectory(chainId));
    });
    if (this.#durable) await syncDirectory(join(this.#directory, 'layers'));
  }

  /** The layers that make up a chain, the topmost first, down to one that hides all below it. */
  async #stack(top: string | undefined): Promise<StackedLayer[]> {
    const stack: StackedLayer[] = [];
    for (let chainId = top; chainId !== undefined; ) {
      const record = await this.#layer(chainId);
      if (record === undefined) {
        throw new UnionfsError('LAYER_MISSING', `there is no layer ${chainId} in ${this.#directory}; commit it first`);
      }
      stack.push({ path: join(this.#layerDirectory(chainId), 'fs'), record });
      chainId = record.opaque ? undefined : record.parent;
    }
    return stack;
  }

  async #layer(chainId: string): Promise<LayerRecord | undefined> {
    const record = await readLayerRecord(this.#layerDirectory(chainId));
    return record?.chainId === chainId ? record : undefined;
  }

  #snapshot(name: string, parent: string | undefined, stack: StackedLayer[]): Snapshot {
    const directory = this.#snapshotDirectory(name);
    const lower = stack.length === 0 ? [join(this.#directory, 'empty')] : stack.map(({ path }) => path);
    const user = overlayNamespace() === 'user' || stack.some(({ record }) => record.namespace === 'user');
    const overlay: OverlayOptions = {
      lower,
      upper: join(directory, 'upper'),
      work: join(directory, 'work'),
      ...(user && { options: ['userxattr'] }),
    };
    return new StoredSnapshot(name, parent, overlay, () => this.#workplace.discard(directory));
  }

  async #parentsOfSnapshots(): Promise<string[]> {
    const parents: string[] = [];
    for (const name of await this.snapshots()) {
      const record = await readSnapshotRecord(this.#snapshotDirectory(name));
      if (record?.parent !== undefined) parents.push(record.parent);
    }
    return parents;
  }

  async #addWithParents(top: string, needed: Set<string>): Promise<void> {
    for (let chainId: string | undefined = top; chainId !== undefined && !needed.has(chainId); ) {
      needed.add(chainId);
      chainId = (await this.#layer(chainId))?.parent;
    }
  }

  #layerDirectory(chainId: string): string {
    return join(this.#directory, 'layers', layerName(chainId));
  }

  #snapshotDirectory(name: string): string {
    return join(this.#directory, 'snapshots', snapshotName(name));
  }
}

/** What is hidden would show again: some marks in the stack would be neither read here nor by one mount of all. */
function checkCommit(chainId: string, stack: readonly StackedLayer[], namespace: 'trusted' | 'user'): void {
  const other = stack.find(({ record }) => record.namespace !== namespace);
  if (other !== undefined) throw unreadable(`commit ${chainId}`, other.record, namespace);
}

/** Root may mount what an ordinary user has noted, by the option `userxattr`; nobody both forms at once. */
function checkMount(name: string, stack: readonly StackedLayer[], namespace: 'trusted' | 'user'): void {
  const user = namespace === 'user' || stack.some(({ record }) => record.namespace === 'user');
  const other = user ? stack.find(({ record }) => record.namespace === 'trusted') : undefined;
  if (other !== undefined) throw unreadable(`prepare the snapshot ${name}`, other.record, 'user');
}

function unreadable(what: string, below: LayerRecord, namespace: 'trusted' | 'user'): UnionfsError {
  const remedy =
    below.namespace === 'trusted'
      ? 'use the store as root with CAP_SYS_ADMIN'
      : 'use the store as the user who made it';
  return new UnionfsError(
    'OVERLAY_UNSUPPORTED',
    `cannot ${what}: the layer ${below.chainId} below notes what it hides in ${below.namespace}.overlay attributes, where ${namespace}.overlay ones are needed here; ${remedy}, or another store`,
  );
}

/** False when something is there already. */
async function moveInto(made: string, target: string): Promise<boolean> {
  try {
    await rename(made, target);
    return true;
  } catch (error) {
    // rename(2) replaces a directory only when it is empty, which those of the store never are.
    if (['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** The root of the upper directory is the root that everybody sees. */
function inheritRoot(from: string, to: string): void {
  // Its mode may keep its own owner from reading it.
  const opened = open(from, ['path', 'directory']);
  using source = new Fd(perform([opened], { keep: [opened] }).of(opened));
  using target = Fd.open(to);
  const attributes = attributesOf({ fd: source.number, stats: fstatSync(source.number) });
  const owner = process.geteuid?.() === 0 ? 'keep' : 'self';
  setAttributes(target.number, attributes, { owner, onSkipped: () => {} });
  setTimes(target.number, attributes.mtime);
}
