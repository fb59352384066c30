import { rm } from 'node:fs/promises';
import type { BlobSource } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import { ImageSpecError } from '../error.ts';
import { mediaTypeEssence } from '../media-types.ts';
import { type BlobFile, blobFiles, isUnchanged } from './blob-files.ts';
import { parseIndexText, readIndexText } from './index-file.ts';
import { leasedBlobs } from './lease.ts';
import { acquire } from './lock.ts';
import { layoutLockPath } from './places.ts';
import { walk } from './walk.ts';

export interface Pruned {
  readonly removed: Digest[];
  readonly bytes: number;
}

export interface PruneOptions {
  /** Milliseconds, 0 unless told: what was written more lately stays. */
  readonly olderThan?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PrunedLayout extends BlobSource {
  readonly directory: string;
  has(digest: Digest): Promise<boolean>;
}

/**
 * The blobs are listed before anything else is looked at: one that comes later is not in the list. They are removed under
 * the lock under which others lease and tag, after another look at what these have done. So whoever has leased a blob, and
 * then finds it, keeps it. `only` are the candidates; all blobs unless told.
 */
export async function pruneBlobs(
  layout: PrunedLayout,
  { olderThan = 0, signal }: PruneOptions = {},
  only?: ReadonlySet<Digest>,
): Promise<Pruned> {
  const files: BlobFile[] = [];
  for await (const file of blobFiles(layout.directory)) files.push(file);
  const marks = new Marks(layout);
  await marks.update();
  // The time of a file may lie ahead: another machine's clock wrote it.
  const before = olderThan === 0 ? Infinity : Date.now() - olderThan;
  const unneeded = files.filter(
    ({ digest, stats }) => !marks.kept.has(digest) && stats.mtimeMs <= before && only?.has(digest) !== false,
  );
  const removed: BlobFile[] = [];
  for (let at = 0; at < unneeded.length; at += batchSize) {
    removed.push(...(await remove(layout, marks, unneeded.slice(at, at + batchSize), signal)));
  }
  return {
    removed: removed.map(({ digest }) => digest),
    bytes: removed.reduce((sum, { stats }) => sum + stats.size, 0),
  };
}

/** So many that the lock is cheap, and so few that others do not wait for long. */
const batchSize = 64;

async function remove(
  layout: PrunedLayout,
  marks: Marks,
  files: readonly BlobFile[],
  signal: AbortSignal | undefined,
): Promise<BlobFile[]> {
  await using _ = await acquire(layoutLockPath(layout.directory), { signal });
  await marks.update();
  const leased = await leasedBlobs(layout.directory);
  const removed: BlobFile[] = [];
  for (const file of files) {
    if (marks.kept.has(file.digest) || leased.has(file.digest) || !(await isUnchanged(file))) continue;
    await rm(file.path, { force: true });
    removed.push(file);
  }
  return removed;
}

/** What the index leads to. It only grows: what loses its name meanwhile stays until the next time. */
class Marks {
  readonly kept = new Set<Digest>();
  readonly #layout: PrunedLayout;
  readonly #missing = new Set<Digest>();
  #index: string | undefined;

  constructor(layout: PrunedLayout) {
    this.#layout = layout;
  }

  async update(): Promise<void> {
    const text = readIndexText(this.#layout.directory);
    if (text === this.#index && !(await this.#hasCome())) return;
    this.#index = text;
    this.#missing.clear();
    const seen = new Set<string>();
    const enter = ({ digest, mediaType }: Descriptor) => {
      this.kept.add(digest);
      // The same bytes may be named as a layer here and as a manifest there.
      const key = `${mediaTypeEssence(mediaType)} ${digest}`;
      return !seen.has(key) && seen.add(key) !== undefined;
    };
    const failed = (error: unknown, { digest }: Descriptor) => {
      // An index names every platform; usually only one of them has been pulled.
      if (!(error instanceof ImageSpecError && error.code === 'BLOB_MISSING')) throw error;
      this.#missing.add(digest);
    };
    for (const root of parseIndexText(text).manifests) await walk(this.#layout, root, { enter, failed });
  }

  /** Another platform of an index, for example, whose layers we did not know. */
  async #hasCome(): Promise<boolean> {
    for (const digest of this.#missing) if (await this.#layout.has(digest)) return true;
    return false;
  }
}
