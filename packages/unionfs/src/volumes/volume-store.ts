/**
 *     volumes/NAME/volume.json    labels, and when it was made
 *     volumes/NAME/data/          what containers see
 *     volumes/NAME/fill/          its first content, on the way to data
 *     tmp/                        what is being made or removed, moved in one step
 */
import { chmod, mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { findBind } from '../mounts/find-bind.ts';
import { makeStoreDirectory } from '../snapshots/store-directory.ts';
import { syncFile } from '../snapshots/sync.ts';
import { type Work, Workplace } from '../snapshots/workplace.ts';
import { UnionfsError } from '../unionfs-error.ts';
import { finishFill, isFilling } from './fill.ts';
import { checkLabels, type Labels } from './labels.ts';
import { StoredVolume, type Volume } from './volume.ts';
import { lockVolume, tryLockVolume } from './volume-lock.ts';
import { randomName, volumeName } from './volume-name.ts';
import { readVolumeRecord, writeVolumeRecord } from './volume-record.ts';

export interface VolumeStoreOptions {
  /**
   * Wait until the first content of a volume is on the disk before it counts as there (default), or leave that to the kernel:
   * quicker on a slow disk, but a power cut may leave empty files.
   */
  readonly durable?: boolean;
}

export interface VolumeOptions {
  readonly labels?: Labels;
}

export interface PrunedVolumes {
  /** The names of those that are gone. */
  readonly removed: string[];
  /** That this freed. */
  readonly bytes: number;
  /** Those that were not to be kept, and are in use; `reason` says by whom, or where they are mounted. */
  readonly busy: { readonly name: string; readonly reason: string }[];
}

/** Named directories for what is to outlive containers. Several processes may use a store at once. */
export class VolumeStore {
  readonly #directory: string;
  readonly #workplace: Workplace;
  readonly #durable: boolean;

  private constructor(directory: string, durable: boolean) {
    this.#directory = directory;
    this.#workplace = new Workplace(join(directory, 'tmp'));
    this.#durable = durable;
  }

  /** Opens a store, made when missing, and removes what crashed processes left unfinished. Throws NAME_INVALID where a file is. */
  static async open(directory: string, { durable = true }: VolumeStoreOptions = {}): Promise<VolumeStore> {
    const path = await makeStoreDirectory(directory);
    // Volumes hold set-uid files of strangers: nobody else is to reach them here.
    await chmod(path, 0o700);
    for (const name of ['volumes', 'tmp']) await mkdir(join(path, name), { recursive: true });
    const store = new VolumeStore(path, durable);
    await store.#workplace.clear();
    return store;
  }

  /**
   * A new, empty volume; without a name it gets one that nobody else has, and is `anonymous`. Throws VOLUME_EXISTS, and
   * NAME_INVALID for labels that are no texts.
   */
  async create(name?: string, { labels = {} }: VolumeOptions = {}): Promise<Volume> {
    const [actual, anonymous] = name === undefined ? [randomName(), true] : [volumeName(name), false];
    const checked = checkLabels(labels, actual);
    await using work = await this.#workplace.begin();
    const made = join(work.path, 'made');
    await mkdir(join(made, 'data'), { recursive: true });
    await chmod(join(made, 'data'), 0o755);
    const record = { version: 1, labels: checked, created: new Date().toISOString(), anonymous } as const;
    await writeVolumeRecord(made, record);
    if (this.#durable) for (const path of [join(made, 'volume.json'), made]) await syncFile(path);
    await this.#moveIn(made, actual);
    return new StoredVolume(actual, this.#place(actual), record, this.#workplace, this.#durable);
  }

  /** Throws VOLUME_MISSING. */
  async volume(name: string): Promise<Volume> {
    const directory = this.#place(name);
    if (isFilling(directory)) {
      using _lock = await lockVolume(directory);
      await finishFill(directory, this.#workplace, this.#durable);
    }
    const record = await readVolumeRecord(directory);
    if (record === undefined) throw missing(name);
    return new StoredVolume(name, directory, record, this.#workplace, this.#durable);
  }

  /** The names of all volumes. */
  async volumes(): Promise<string[]> {
    return (await readdir(join(this.#directory, 'volumes'))).sort();
  }

  /**
   * Deletes a volume with all that is in it. Throws VOLUME_MISSING; and VOLUME_BUSY while it is being filled, or is mounted, here
   * or in the mount namespace of a process that this one may look at. Others are not seen: who mounts it has to know.
   */
  async remove(name: string): Promise<void> {
    await using gone = await this.#workplace.begin();
    const reason = await this.#take(name, gone);
    if (reason !== undefined) throw new UnionfsError('VOLUME_BUSY', `cannot remove the volume ${name}: ${reason}`);
  }

  /** Removes all volumes but those to keep, and those in use; by whom these are, is told: a crash may have left them mounted. */
  async prune({ keep }: { readonly keep: Iterable<string> }): Promise<PrunedVolumes> {
    await this.#workplace.clear();
    await using gone = await this.#workplace.begin();
    const kept = new Set(keep);
    const removed: string[] = [];
    const busy: { name: string; reason: string }[] = [];
    for (const name of await this.volumes()) {
      if (kept.has(name)) continue;
      try {
        const reason = await this.#take(name, gone);
        if (reason === undefined) removed.push(name);
        else busy.push({ name, reason });
      } catch (error) {
        // Somebody else was quicker.
        if (!(error instanceof UnionfsError) || error.code !== 'VOLUME_MISSING') throw error;
      }
    }
    return { removed, bytes: await gone.remove(), busy };
  }

  /** Out of sight, in one move; or why not. */
  async #take(name: string, gone: Work): Promise<string | undefined> {
    const directory = this.#place(name);
    const lock = tryLockVolume(directory);
    if (lock === undefined) throw missing(name);
    if (lock === 'busy') return 'it is being filled, or removed, by somebody else';
    using _held = lock;
    const target = await findBind(directory);
    if (target !== undefined) return `it is mounted on ${target}`;
    await gone.take(directory);
    return undefined;
  }

  async #moveIn(made: string, name: string): Promise<void> {
    try {
      await rename(made, this.#place(name));
    } catch (error) {
      // rename(2) replaces a directory only when it is empty, which those of the store never are.
      if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      throw new UnionfsError('VOLUME_EXISTS', `cannot create the volume ${name}: there is one by that name already`);
    }
    if (this.#durable) await syncFile(join(this.#directory, 'volumes'));
  }

  #place(name: string): string {
    return join(this.#directory, 'volumes', volumeName(name));
  }
}

function missing(name: string): UnionfsError {
  return new UnionfsError('VOLUME_MISSING', `there is no volume ${name}`);
}
