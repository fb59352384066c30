/**
 * Directories in the place of snapshots that have no note: the store moves snapshots there, and away, with theirs. Somebody
 * else has made or emptied them.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { mountsBelow } from '../mounts/mounts-below.ts';
import { alone } from './alone.ts';
import { findMount } from './find-mount.ts';
import type { Places } from './places.ts';
import { snapshotNote } from './records.ts';
import { ownPaths } from './snapshot-overlay.ts';
import type { Work, Workplace } from './workplace.ts';

/** All of them that are not in use. */
export async function clearDebris(places: Places, workplace: Workplace): Promise<void> {
  const directories = (await readdir(places.snapshots)).map((name) => join(places.snapshots, name));
  if (!directories.some(isDebris)) return;
  await using work = await workplace.begin();
  await alone(places.root, async () => {
    for (const directory of directories) await takeDebris(directory, work);
  });
}

/** False when it is none, is gone, or is in use. To be called alone in the store. */
export async function takeDebris(directory: string, work: Work): Promise<boolean> {
  if (!existsSync(directory) || !isDebris(directory) || (await isUsed(directory))) return false;
  await work.take(directory);
  return true;
}

export function isDebris(directory: string): boolean {
  return !existsSync(snapshotNote(directory));
}

async function isUsed(directory: string): Promise<boolean> {
  if ((await mountsBelow(directory)).length > 0) return true;
  const [{ upper = '' }, { top = '' }] = [ownPaths(directory, false), ownPaths(directory, true)];
  return (await findMount(upper)) !== undefined || (await findMount(top)) !== undefined;
}
