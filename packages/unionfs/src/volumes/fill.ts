/**
 * The first content of a volume:
 *
 *     tmp/w-…/made/tree/          copied there, by whoever holds the lock of the volume
 *     tmp/w-…/made/fill.json      what has to be set when everything is in place
 *     volumes/NAME/fill/          both, complete: from here on the volume counts as filled, and everybody who opens it
 *                                 moves what is in the tree to data/ before anything else
 *
 * The directory `data` stays the one it was: containers may have it mounted.
 */
import { existsSync, lstatSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fd } from '@estiba/syscalls';
import { packTree } from '../diff/pack-tree.ts';
import { applyLayer } from '../layer/apply-layer.ts';
import type { Owner } from '../layer/owners.ts';
import { beginSync, syncFile } from '../snapshots/sync.ts';
import type { Workplace } from '../snapshots/workplace.ts';
import { type FillNote, settle, unlock, unlockOne } from './settle.ts';

export interface FillOptions {
  readonly durable: boolean;
  readonly owner?: Owner | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Copies a directory; nothing of it is in the volume when this throws. To be called with the volume locked. */
export async function fill(
  volume: string,
  source: Fd,
  workplace: Workplace,
  { durable, owner, signal }: FillOptions,
): Promise<void> {
  await using work = await workplace.begin();
  const made = join(work.path, 'made');
  const tree = join(made, 'tree');
  await mkdir(tree, { recursive: true });
  using sync = durable ? beginSync(made) : undefined;
  await applyLayer(packTree(`/proc/self/fd/${source.number}`), tree, {
    maxBytes: Number.MAX_SAFE_INTEGER,
    ...(owner !== undefined && { owner }),
    ...(signal !== undefined && { signal }),
  });
  await writeFile(join(made, 'fill.json'), `${JSON.stringify(unlock(tree))}\n`);
  await sync?.finish(signal);
  signal?.throwIfAborted();
  await rename(made, join(volume, 'fill'));
  if (durable) await syncFile(volume);
}

/** Whether there is something to do for the next. */
export function isFilling(volume: string): boolean {
  return existsSync(join(volume, 'fill'));
}

/** Moves what was copied to where it belongs, at once or after a crash. To be called with the volume locked. */
export async function finishFill(volume: string, workplace: Workplace, durable: boolean): Promise<void> {
  if (!isFilling(volume)) return;
  const [from, data] = [join(volume, 'fill/tree'), join(volume, 'data')];
  const note: FillNote = JSON.parse(await readFile(join(volume, 'fill/fill.json'), 'utf8'));
  unlockOne(data);
  for (const name of await readdir(from, { encoding: 'buffer' })) {
    const target = Buffer.concat([Buffer.from(`${data}/`), name]);
    // Whoever has the volume mounted already may have put something there: that is his.
    if (lstatSync(target, { throwIfNoEntry: false }) === undefined)
      await rename(Buffer.concat([Buffer.from(`${from}/`), name]), target);
  }
  settle(from, data, note);
  if (durable) await syncFile(data);
  await workplace.discard(join(volume, 'fill'));
}
