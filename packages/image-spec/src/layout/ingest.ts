import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isAbandoned } from './owner.ts';

/** Where blobs are while they are being written: outside of `blobs`, in which everything is whole. */
export function ingestDirectory(layout: string): string {
  return join(layout, '.ingest');
}

const day = 24 * 60 * 60 * 1000;

/** Removes what writers left behind that did not live to clean up. */
export async function cleanIngest(layout: string): Promise<void> {
  const directory = ingestDirectory(layout);
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (isAbandoned(name) || (await age(path)) > day) await rm(path, { force: true });
  }
}

async function age(path: string): Promise<number> {
  const entry = await stat(path).catch(() => undefined);
  return entry === undefined ? 0 : Date.now() - entry.mtimeMs;
}
