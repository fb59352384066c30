import type { Readable } from 'node:stream';
import type { Digest } from '../digest.ts';
import { ImageSpecError } from '../error.ts';
import type { Platform } from '../platform.ts';
import { Verifier } from '../verifier.ts';
import {
  type ArchiveImage,
  type ArchivePlan,
  blobName,
  type PlannedBlob,
  planDockerArchive,
  planOciArchive,
} from './archive-plan.ts';
import type { ArchiveFormat } from './archived-image.ts';
import { type TarBlocks, tarBlocks } from './tar-blocks.ts';

export interface WriteArchiveOptions {
  readonly format: ArchiveFormat;
  /** In a docker-archive: as they are, which all readers know, or as tars, as Docker wrote them before it kept blobs. */
  readonly layers?: 'stored' | 'uncompressed' | undefined;
  /** Which image of an index goes into a docker-archive, that has none: Linux on this machine's processor unless told. */
  readonly platform?: Platform | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The images as one tar, for `docker load`, `podman load` and `skopeo`: the same bytes whenever it is written. What comes out is
 * verified on its way; where a blob is missing or wrong the stream fails with BLOB_MISSING, SIZE_MISMATCH or DIGEST_MISMATCH,
 * in time for whoever reads it not to find an end. In an oci-archive a layer that is not there may be elsewhere, if it has URLs.
 */
export function writeArchive(images: Iterable<ArchiveImage>, options: WriteArchiveOptions): Readable {
  const { Readable } = process.getBuiltinModule('node:stream');
  return Readable.from(pieces(images, options), { objectMode: false, highWaterMark: 1024 * 1024 });
}

async function* pieces(
  images: Iterable<ArchiveImage>,
  { format, layers = 'stored', platform, signal }: WriteArchiveOptions,
): AsyncGenerator<Uint8Array> {
  const plan =
    format === 'oci-archive'
      ? await planOciArchive(images, { signal })
      : await planDockerArchive(images, { layers, platform, signal });
  const tar = await tarBlocks();
  for (const [name, content] of plan.documents) {
    yield Buffer.concat([tar.file(name, content.length), content, tar.padding(content.length)]);
  }
  yield tar.folder('blobs/');
  for (const algorithm of algorithmsOf(plan)) yield tar.folder(`blobs/${algorithm}/`);
  for (const digest of [...plan.blobs.keys()].sort()) {
    yield* blobPieces(tar, plan.blobs.get(digest) as PlannedBlob, signal);
  }
  yield tar.end;
}

async function* blobPieces(
  tar: TarBlocks,
  { source, descriptor, isOptional }: PlannedBlob,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const verifier = new Verifier(descriptor);
  const content = await source.blob(descriptor, { signal }).catch((error) => {
    if (!isOptional || !(error instanceof ImageSpecError && error.code === 'BLOB_MISSING')) throw error;
  });
  if (content === undefined) return;
  try {
    yield tar.file(blobName(descriptor.digest), descriptor.size);
    for await (const chunk of content) {
      signal?.throwIfAborted();
      verifier.update(chunk);
      yield chunk;
    }
  } finally {
    // Who gives up the archive after the header has not begun to read it.
    content.destroy();
  }
  verifier.finish();
  yield tar.padding(descriptor.size);
}

function algorithmsOf({ blobs }: ArchivePlan): string[] {
  return [...new Set([...blobs.keys()].map((digest: Digest) => digest.split(':')[0] as string))].sort();
}
