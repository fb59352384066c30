import { readFileSync, renameSync } from 'node:fs';
import { link, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { maxDocumentBytes, parseJson, validate } from '../document.ts';
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
  if (text === undefined) return emptyIndex();
  return validate(ImageIndex, parseJson(Buffer.from(text, 'latin1'), 'index.json'), 'index.json');
}

/** Its bytes, as characters of latin1: what is no UTF-8 has to be refused, not replaced by what is. */
export function readIndexText(layout: string): string | undefined {
  try {
    return readFileSync(join(layout, 'index.json'), 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Makes one without names where there is none, as every layout has to have one. */
export async function ensureIndexFile(layout: string, fsync: boolean): Promise<void> {
  if (readIndexText(layout) !== undefined) return;
  const path = join(ingestDirectory(layout), ownedName());
  try {
    await writeFile(path, textOf(emptyIndex()), fsync);
    // Unlike rename, it leaves one alone that somebody has made meanwhile. Without links there are no locks, and so no names.
    await link(path, join(layout, 'index.json')).catch((error) => {
      if (!['EEXIST', 'EPERM', 'EOPNOTSUPP', 'ENOSYS'].includes(error.code)) throw error;
    });
  } finally {
    await rm(path, { force: true });
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
      signal?.throwIfAborted();
      const before = readIndexText(layout);
      await writeFile(path, textOf(change(parseIndexText(before))), fsync);
      if (readIndexText(layout) !== before) continue;
      renameSync(path, join(layout, 'index.json'));
      return;
    }
  } finally {
    await rm(path, { force: true });
  }
}

/** Throws what reading it would throw: a layout whose index cannot be read has lost all its names. */
function textOf(index: ImageIndex): string {
  const indented = `${JSON.stringify(index, null, 2)}\n`;
  const text = Buffer.byteLength(indented) > maxDocumentBytes ? JSON.stringify(index) : indented;
  const name = 'index.json as it would be';
  validate(ImageIndex, parseJson(Buffer.from(text), name), name);
  return text;
}

function emptyIndex(): ImageIndex {
  return { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] };
}

async function writeFile(path: string, text: string, fsync: boolean): Promise<void> {
  await using file = await open(path, 'w');
  await file.writeFile(text);
  if (fsync) await file.datasync();
}
