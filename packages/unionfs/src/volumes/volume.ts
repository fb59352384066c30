import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fd, Step } from '@estiba/syscalls';
import type { Owner } from '../layer/owners.ts';
import type { Workplace } from '../snapshots/workplace.ts';
import { type BindOptions, bind } from '../steps/bind.ts';
import { UnionfsError } from '../unionfs-error.ts';
import { fill, finishFill } from './fill.ts';
import { openSource } from './source.ts';
import { type Usage, usageAt } from './usage.ts';
import { lockVolume } from './volume-lock.ts';
import type { VolumeRecord } from './volume-record.ts';

export interface PopulateOptions {
  /** What `from` is a path in: the mounted root of the image, or a descriptor of it. Links in it cannot lead out. */
  readonly root?: string | Fd;
  /** Whose the files become: as for `applyLayer`. */
  readonly owner?: Owner;
  readonly signal?: AbortSignal;
}

/** A named directory that outlives the containers that use it. */
export interface Volume {
  readonly name: string;
  /** What is in it, for a bind; it stays the same directory as long as the volume is there. */
  readonly path: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly created: Date;
  /** Nobody named it. */
  readonly anonymous: boolean;
  /**
   * The first content, as Docker gives it: when the volume is empty, what is in the directory `from` is copied with owners,
   * modes, times, extended attributes, devices, hard links and holes, and the root of the volume takes owner and mode of
   * `from`. Of several at once one copies, and the others wait, in other processes too. All of it is there afterwards, or
   * nothing, also after a crash. False when nothing was copied: the volume is not empty, or there is no `from`.
   *
   * Throws a UnionfsError: TREE_UNSUPPORTED when `from` is no directory, or holds what no archive can; VOLUME_MISSING when the
   * volume has been removed; LAYER_REFUSED when there is no room, or an ordinary user may not read something.
   */
  populate(from: string | Fd, options?: PopulateOptions): Promise<boolean>;
  /** Steps that mount it. */
  bind(target: string, options?: BindOptions): Step[];
  /** What it takes on the disk. Throws VOLUME_MISSING; LAYER_REFUSED where modes keep an ordinary user out of what is his own. */
  usage(): Promise<Usage>;
}

export class StoredVolume implements Volume {
  readonly name: string;
  readonly path: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly created: Date;
  readonly anonymous: boolean;
  readonly #directory: string;
  readonly #workplace: Workplace;
  readonly #durable: boolean;

  constructor(name: string, directory: string, record: VolumeRecord, workplace: Workplace, durable: boolean) {
    this.name = name;
    this.path = join(directory, 'data');
    this.labels = record.labels;
    this.created = new Date(record.created);
    this.anonymous = record.anonymous;
    this.#directory = directory;
    this.#workplace = workplace;
    this.#durable = durable;
  }

  async populate(from: string | Fd, options: PopulateOptions = {}): Promise<boolean> {
    const { root, owner, signal } = options;
    using source = openSource(from, root);
    using _lock = await this.#lock(signal);
    await finishFill(this.#directory, this.#workplace, this.#durable);
    if (source === undefined || (await readdir(this.path)).length > 0) return false;
    await fill(this.#directory, source, this.#workplace, { durable: this.#durable, owner, signal });
    await finishFill(this.#directory, this.#workplace, this.#durable);
    return true;
  }

  bind(target: string, options: BindOptions = {}): Step[] {
    return bind(this.path, target, options);
  }

  async usage(): Promise<Usage> {
    const usage = await usageAt(this.path);
    if (usage !== undefined) return usage;
    throw new UnionfsError('VOLUME_MISSING', `cannot measure the volume ${this.name}: it has been removed`);
  }

  async #lock(signal: AbortSignal | undefined): Promise<Fd> {
    const lock = await lockVolume(this.#directory, signal);
    if (lock !== undefined) return lock;
    throw new UnionfsError('VOLUME_MISSING', `cannot fill the volume ${this.name}: it has been removed`);
  }
}
