import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { stopOnAbort } from '../layout/blob-reader.ts';
import type { ImageLayout } from '../layout/image-layout.ts';
import type { Lease } from '../layout/lease.ts';
import type { OpenArchiveOptions } from './archive.ts';
import type { ArchivedImage } from './archived-image.ts';
import { bytesOfStream } from './bytes.ts';
import { decompressed } from './compression.ts';
import { findImages } from './images.ts';
import { archiveLimits, readMembers } from './members.ts';
import { Staged } from './staged.ts';

export interface StreamOptions extends OpenArchiveOptions {
  readonly into: ImageLayout;
  readonly lease: Pick<Lease, 'add'>;
}

/** Takes an archive as it comes, once and in its order. */
export async function importStream(
  archive: string | Readable,
  { into, lease, format, limits, signal }: StreamOptions,
): Promise<readonly ArchivedImage[]> {
  const place = typeof archive === 'string' ? archive : 'the archive';
  const stream = typeof archive === 'string' ? createReadStream(archive, { highWaterMark: 1024 * 1024 }) : archive;
  if (signal !== undefined) stopOnAbort(stream, signal);
  const bytes = bytesOfStream(await decompressed(stream, place), place);
  const staged = new Staged(place, { into, lease, signal });
  try {
    for await (const member of readMembers(bytes, place, { ...archiveLimits, ...limits })) await staged.take(member);
    // Whoever writes the archive may still be writing what follows its end.
    await bytes.read(maxTrailer);
  } finally {
    await bytes.close();
  }
  const { images, made } = await findImages(staged, format);
  for (const [digest, manifest] of made) await into.write(manifest, { expect: { digest }, lease, signal });
  return images;
}

const maxTrailer = 1024 * 1024;
