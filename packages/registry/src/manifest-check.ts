import { type Descriptor, describeMediaType, type ImageIndex, type ImageManifest } from '@estiba/image-spec';
import { partsOf } from './catalog.ts';
import { Refusal } from './refusal.ts';
import type { Repository } from './repository.ts';
import type { Storage } from './storage.ts';

/**
 * Whether a repository has all that a manifest is made of, as long as it says: MANIFEST_BLOB_UNKNOWN, MANIFEST_INVALID. Its
 * subject may come later.
 */
export async function checkContents(
  document: ImageManifest | ImageIndex,
  repository: Repository,
  storage: Storage,
): Promise<void> {
  for (const part of partsOf(document)) {
    const size =
      repository.manifests.get(part.digest)?.bytes.length ?? (await repository.blob(part.digest, storage))?.size;
    if (size === undefined && mayBeElsewhere(part)) continue;
    if (size === undefined) throw new Refusal(404, 'MANIFEST_BLOB_UNKNOWN', `push ${part.digest} first`);
    if (size === part.size) continue;
    throw new Refusal(400, 'MANIFEST_INVALID', `${part.digest} has ${size} bytes, and not ${part.size}`);
  }
}

// https://github.com/opencontainers/image-spec/blob/main/layer.md#non-distributable-layers
function mayBeElsewhere({ mediaType }: Descriptor): boolean {
  return describeMediaType(mediaType).foreign;
}
