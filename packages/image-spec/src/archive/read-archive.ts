import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { BlobSource } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import { ImageSpecError } from '../error.ts';
import type { ImageLayout } from '../layout/image-layout.ts';
import { type Lease, obeying } from '../layout/lease.ts';
import { addNames } from '../layout/names.ts';
import { pruneBlobs } from '../layout/prune.ts';
import { type OpenArchiveOptions, openArchive } from './archive.ts';
import type { ArchivedImage } from './archived-image.ts';
import { closureOf } from './closure.ts';
import { type Compression, compressionOf, magicBytes } from './compression.ts';
import { importStream } from './import-stream.ts';
import { isRegularFile } from './in-place.ts';
import { partBytes } from './part.ts';

export interface ReadArchiveOptions extends OpenArchiveOptions {
  readonly into: ImageLayout;
  /** Whether the images get the names that the archive gives them. Default: true. */
  readonly tag?: boolean | undefined;
  /** Gets all that belongs to the images: for those that are to get other names, or have none. */
  readonly lease?: Pick<Lease, 'add'> | undefined;
}

/**
 * Imports what `docker save`, `podman save` or `skopeo` wrote, from a file or from a stream, and compressed with gzip or zstd as a
 * whole or not. Config and layers stay as they are, byte for byte, and so does an OCI manifest; for an archive that has none, one
 * is made. Rejects with ARCHIVE_INVALID, ARCHIVE_TRUNCATED, ARCHIVE_TOO_LARGE, ARCHIVE_COMPRESSED, DIGEST_MISMATCH, and what
 * documents are refused with; then nothing of the archive stays in the layout.
 */
export async function readArchive(
  archive: string | Readable,
  { lease, ...options }: ReadArchiveOptions,
): Promise<readonly ArchivedImage[]> {
  const { into, tag = true, signal } = options;
  /** What was not there before, and belongs to no image. */
  const unneeded = new Set<Digest>();
  try {
    await using own = await into.lease({ signal });
    const add = async (...digests: readonly Digest[]) => {
      await own.add(...digests);
      for (const digest of digests) if (!(await into.has(digest))) unneeded.add(digest);
    };
    const isInPlace =
      typeof archive === 'string' && (await isRegularFile(archive)) && (await compressionOfFile(archive)) === 'none';
    const images = isInPlace
      ? await importFile(archive, options, { add })
      : await importStream(archive, { ...options, lease: { add } });
    const needed = await digestsOf(into, images, { signal });
    if (lease !== undefined) await obeying(lease, signal).add(...needed);
    const names = byName(images);
    // In one step: an archive can have a hundred thousand names, and should leave all of them or none.
    if (tag && names.size > 0) await addNames(into.directory, names, { fsync: true, signal });
    for (const digest of needed) unneeded.delete(digest);
    return images;
  } finally {
    await removeUnneeded(into, unneeded, { signal });
  }
}

type Imported = Pick<ReadArchiveOptions, 'into' | 'format' | 'limits' | 'signal'>;
type Adding = Pick<Lease, 'add'>;

async function compressionOfFile(path: string): Promise<Compression> {
  await using file = await open(path);
  return compressionOf(await partBytes(file, { offset: 0, size: magicBytes }));
}

async function importFile(
  path: string,
  { into, signal, ...options }: Imported,
  lease: Adding,
): Promise<readonly ArchivedImage[]> {
  await using archive = await openArchive(path, { ...options, signal });
  for (const { descriptor } of archive.images) {
    const blobs = await closureOf(archive, descriptor, { signal });
    // What is inside of something before it.
    for (const blob of blobs.toReversed()) {
      await copyBlob(archive, blob, into, { lease, signal }).catch(ignoreElsewhere(blob));
    }
  }
  return archive.images;
}

/** What is not meant to be passed on is not in most archives. */
function ignoreElsewhere({ urls }: Descriptor): (error: unknown) => void {
  return (error) => {
    if (urls === undefined || !(error instanceof ImageSpecError && error.code === 'BLOB_MISSING')) throw error;
  };
}

async function copyBlob(
  from: BlobSource,
  descriptor: Descriptor,
  into: ImageLayout,
  { lease, signal }: { lease: Adding; signal: AbortSignal | undefined },
): Promise<void> {
  await using writer = await into.ingest(descriptor, { lease, signal });
  if (writer === undefined) return;
  for await (const chunk of await from.blob(descriptor, { signal, start: writer.size })) await writer.write(chunk);
  await writer.commit();
}

async function digestsOf(
  into: ImageLayout,
  images: readonly ArchivedImage[],
  { signal }: { signal: AbortSignal | undefined },
): Promise<Digest[]> {
  const digests = new Set<Digest>();
  for (const { descriptor } of images) {
    for (const blob of await closureOf(into, descriptor, { signal })) {
      if (!(await into.has(blob)) && blob.urls === undefined) throw incomplete(blob, descriptor);
      digests.add(blob.digest);
    }
  }
  return [...digests];
}

function incomplete({ digest, size }: Descriptor, image: Descriptor): ImageSpecError {
  const why = `it has no ${digest} of ${size} bytes, which ${image.digest} needs`;
  return new ImageSpecError('BLOB_MISSING', `cannot import the archive: ${why}`);
}

/** An image layout may have a name for several platforms. */
function byName(images: readonly ArchivedImage[]): Map<string, readonly Descriptor[]> {
  const found = new Map<string, readonly Descriptor[]>();
  for (const { descriptor, names } of images) {
    for (const name of names) {
      const others = found.get(name);
      found.set(name, others === undefined ? [descriptor] : [...others, descriptor]);
    }
  }
  return found;
}

async function removeUnneeded(
  into: ImageLayout,
  unneeded: ReadonlySet<Digest>,
  { signal }: { signal: AbortSignal | undefined },
): Promise<void> {
  if (unneeded.size === 0) return;
  // Whoever has given up does not wait long for somebody else: what is left then is for the next prune.
  const stop = signal?.aborted ? AbortSignal.timeout(cleaningMs) : signal;
  try {
    await pruneBlobs(into, { signal: stop }, unneeded);
  } catch (error) {
    // A layout in which something else cannot be trusted is not pruned, and that is not what this is about.
    if (!(error instanceof ImageSpecError) && stop?.aborted !== true) throw error;
  }
}

const cleaningMs = 1000;
