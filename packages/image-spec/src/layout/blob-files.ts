import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, isDigest } from '../digest.ts';

export interface BlobFile {
  readonly digest: Digest;
  readonly path: string;
  readonly stats: Stats;
}

/** What lies in `blobs/sha256` and `blobs/sha512` and is named like a blob; `stray` gets the paths of what is not. */
export async function* blobFiles(layout: string, stray: (path: string) => void = () => {}): AsyncGenerator<BlobFile> {
  for (const algorithm of ['sha256', 'sha512']) {
    const directory = join(layout, 'blobs', algorithm);
    for (const encoded of await readdir(directory).catch(() => [])) {
      const path = join(directory, encoded);
      const stats = await lstat(path).catch(() => undefined);
      const digest = `${algorithm}:${encoded}`;
      // Gone since, as it may.
      if (stats === undefined) continue;
      if (stats.isFile() && isDigest(digest)) yield { digest, path, stats };
      else stray(path);
    }
  }
}

/** Whether it is still the same file, and not one that came meanwhile. */
export async function isUnchanged({ path, stats }: BlobFile): Promise<boolean> {
  const now = await lstat(path).catch(() => undefined);
  return now?.ino === stats.ino && now.mtimeMs === stats.mtimeMs && now.size === stats.size;
}
