import { readFileSync, renameSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson, validate } from '../document.ts';
import { ImageIndex } from '../image-index.ts';
import { mediaTypes } from '../media-types.ts';
import { acquire } from './lock.ts';
import { ownedName } from './owner.ts';
import { ingestDirectory, layoutLockPath } from './places.ts';

/** `index.json`, the names of a layout. Throws DOCUMENT_INVALID. */
export function readIndexFile(layout: string): ImageIndex {
  return parseIndexText(readIndexText(layout));
}

export function parseIndexText(text: string | undefined): ImageIndex {
  if (text === undefined) return { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] };
  return validate(ImageIndex, parseJson(Buffer.from(text), 'index.json'), 'index.json');
}

export function readIndexText(layout: string): string | undefined {
  try {
    return readFileSync(join(layout, 'index.json'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Changes `index.json` as a whole: a reader finds it as it was or as it is going to be. Ours wait for each other; `change` is
 * called again where another program was quicker, unless that hits the few microseconds between the last look and the rename.
 */
export async function changeIndexFile(
  layout: string,
  change: (index: ImageIndex) => ImageIndex,
  { fsync, signal }: { readonly fsync: boolean; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  await using _ = await acquire(layoutLockPath(layout), { signal });
  const path = join(ingestDirectory(layout), ownedName());
  try {
    for (;;) {
      const before = readIndexText(layout);
      await writeFile(path, `${JSON.stringify(change(parseIndexText(before)), null, 2)}\n`, fsync);
      if (readIndexText(layout) !== before) continue;
      renameSync(path, join(layout, 'index.json'));
      return;
    }
  } finally {
    await rm(path, { force: true });
  }
}

async function writeFile(path: string, text: string, fsync: boolean): Promise<void> {
  await using file = await open(path, 'w');
  await file.writeFile(text);
  if (fsync) await file.datasync();
}
