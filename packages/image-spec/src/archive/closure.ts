import type { BlobSource } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import { ImageSpecError } from '../error.ts';
import { walk } from '../layout/walk.ts';
import { mediaTypeEssence } from '../media-types.ts';
import { stoppable } from './stoppable.ts';

/**
 * All that belongs to an image, itself first. Platforms of an index that the source does not have are left out, and so is what an
 * artifact is about; whether layers are there shows when they are read. Throws BLOB_MISSING, and what documents are refused with.
 */
export async function closureOf(
  source: BlobSource,
  root: Descriptor,
  { signal }: { signal: AbortSignal | undefined },
): Promise<Descriptor[]> {
  const found = new Map<Digest, Descriptor>();
  const seen = new Set<string>();
  const enter = (descriptor: Descriptor) => {
    const key = `${mediaTypeEssence(descriptor.mediaType)} ${descriptor.digest} ${descriptor.size}`;
    if (seen.has(key)) return false;
    seen.add(key);
    found.set(descriptor.digest, descriptor);
    return true;
  };
  const failed = (error: unknown, { digest }: Descriptor, from: Descriptor | undefined) => {
    const isElsewhere = from !== undefined && error instanceof ImageSpecError && error.code === 'BLOB_MISSING';
    if (!isElsewhere) throw error;
    found.delete(digest);
  };
  await walk(stoppable(source, signal), root, { enter, failed });
  return [...found.values()];
}
