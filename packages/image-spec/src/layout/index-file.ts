import { readFileSync, renameSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson, validate } from '../document.ts';
import { ImageIndex } from '../image-index.ts';
import { mediaTypes } from '../media-types.ts';
import { ingestDirectory } from './ingest.ts';
import { ownedName } from './owner.ts';

/** `index.json`, the names of a layout. Throws DOCUMENT_INVALID. */
export function readIndexFile(layout: string): ImageIndex {
  return parseIndex(readText(layout));
}

/**
 * Changes `index.json` as a whole: a reader finds it as it was or as it is going to be. `change` is called again where
 * somebody else was quicker. Between the last look and the rename nothing else of this process runs; another process
 * would have to hit these few microseconds.
 */
export async function changeIndexFile(
  layout: string,
  fsync: boolean,
  change: (index: ImageIndex) => ImageIndex,
): Promise<void> {
  const path = join(ingestDirectory(layout), ownedName());
  try {
    for (;;) {
      const before = readText(layout);
      await writeFile(path, `${JSON.stringify(change(parseIndex(before)), null, 2)}\n`, fsync);
      if (readText(layout) !== before) continue;
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

function parseIndex(text: string | undefined): ImageIndex {
  if (text === undefined) return { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] };
  return validate(ImageIndex, parseJson(Buffer.from(text), 'index.json'), 'index.json');
}

function readText(layout: string): string | undefined {
  try {
    return readFileSync(join(layout, 'index.json'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
