import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type BlobSource, readDocument } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import { type Digest, isDigest } from '../digest.ts';
import { isImageIndex, parseManifest } from '../document.ts';
import { ImageSpecError } from '../error.ts';
import { describeMediaType } from '../media-types.ts';

export interface Pruned {
  readonly removed: Digest[];
  readonly bytes: number;
}

export async function pruneBlobs(
  layout: BlobSource & { readonly directory: string },
  roots: readonly Descriptor[],
  olderThan: number,
): Promise<Pruned> {
  const kept = new Set<Digest>();
  for (const root of roots) await mark(layout, root, kept);
  const removed: Digest[] = [];
  let bytes = 0;
  for await (const { digest, path } of blobsIn(layout.directory)) {
    const file = await stat(path);
    if (kept.has(digest) || Date.now() - file.mtimeMs < olderThan) continue;
    await rm(path);
    removed.push(digest);
    bytes += file.size;
  }
  return { removed, bytes };
}

async function mark(layout: BlobSource, descriptor: Descriptor, kept: Set<Digest>): Promise<void> {
  if (kept.has(descriptor.digest)) return;
  kept.add(descriptor.digest);
  const { kind } = describeMediaType(descriptor.mediaType);
  if (kind !== 'index' && kind !== 'manifest') return;
  const bytes = await readDocument(layout, descriptor).catch(ignoreMissing);
  if (bytes === undefined) return;
  const document = parseManifest(bytes, descriptor);
  const children = isImageIndex(document) ? document.manifests : [document.config, ...document.layers];
  for (const child of children) await mark(layout, child, kept);
}

// An index names every platform; usually only one of them has been pulled.
function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof ImageSpecError && error.code === 'BLOB_MISSING')) throw error;
}

async function* blobsIn(directory: string): AsyncGenerator<{ digest: Digest; path: string }> {
  const blobs = join(directory, 'blobs');
  for (const algorithm of await readdir(blobs)) {
    for (const encoded of await readdir(join(blobs, algorithm))) {
      const digest = `${algorithm}:${encoded}`;
      if (isDigest(digest)) yield { digest, path: join(blobs, algorithm, encoded) };
    }
  }
}
