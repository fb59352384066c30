import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { detach } from './ingest.ts';
import { tryAcquire } from './lock.ts';
import { ownerState } from './owner.ts';
import { ingestDirectory, leaseDirectory } from './places.ts';

const day = 24 * 60 * 60 * 1000;

/**
 * Removes what processes left behind that did not live to clean up. A blob that can be continued stays for a day after its
 * last byte, and so does what belongs to nobody who could be asked.
 */
export async function cleanLayout(layout: string): Promise<void> {
  for (const directory of [ingestDirectory(layout), leaseDirectory(layout)]) {
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      // Nothing of ours is a folder.
      if (!entry.isDirectory()) await clean(join(directory, entry.name), entry.name);
    }
  }
}

async function clean(path: string, name: string): Promise<void> {
  if (name.endsWith('.lock')) {
    await using lock = await tryAcquire(path);
    if (lock?.doubtful === true) await detach(path.replace(/lock$/, 'part'));
  } else if (name.endsWith('.part')) {
    if ((await age(path)) < day) return;
    await using lock = await tryAcquire(path.replace(/part$/, 'lock'));
    // Again, now that nobody can be at it.
    if (lock !== undefined && (await age(path)) >= day) await rm(path, { force: true });
  } else {
    const state = ownerState(name);
    if (state === 'ended' || (state === 'unknown' && (await age(path)) >= day)) await rm(path, { force: true });
  }
}

/** Milliseconds since it was last written; 0 when it is gone. */
async function age(path: string): Promise<number> {
  const entry = await stat(path).catch(() => undefined);
  return entry === undefined ? 0 : Date.now() - entry.mtimeMs;
}
