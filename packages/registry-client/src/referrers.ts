import type { IncomingMessage } from 'node:http';
import {
  type Descriptor,
  type Digest,
  isImageIndex,
  mediaTypes,
  parseManifest,
  type Reference,
} from '@estiba/image-spec';
import { RegistryError } from './error.ts';
import { pages } from './pages.ts';
import { readReferrersTag } from './referrers-tag.ts';
import type { Transport } from './transport.ts';

export interface ReferrersOptions {
  /** Only those that are of this type: `application/spdx+json`. */
  readonly artifactType?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What says that it is about a manifest: signatures, lists of what is inside. Where the registry keeps no such list, those
 * who push keep one under a tag.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers
 */
export async function* listReferrers(
  transport: Transport,
  { registry, repository }: Pick<Reference, 'registry' | 'repository'>,
  digest: Digest,
  { artifactType, signal }: ReferrersOptions = {},
): AsyncIterableIterator<Descriptor> {
  const query = artifactType === undefined ? '' : `?${new URLSearchParams({ artifactType })}`;
  const what = `list referrers of ${registry}/${repository}@${digest}`;
  const asked = {
    registry,
    repository,
    path: `referrers/${digest}`,
    headers: { accept: mediaTypes.index },
    query,
    what,
  };
  let heard = false;
  let filtered = false;
  const parse = (bytes: Buffer, { headers }: IncomingMessage) => {
    heard = true;
    filtered = /\bartifactType\b/.test(String(headers['oci-filters-applied'] ?? ''));
    const document = parseManifest(bytes, { mediaType: mediaTypes.index });
    return isImageIndex(document) ? document.manifests : [];
  };
  const wanted = (referrer: Descriptor) => artifactType === undefined || referrer.artifactType === artifactType;
  try {
    for await (const referrer of pages(transport, { ...asked, parse, signal })) {
      // Registries filter only if they like, and say so then.
      if (filtered || wanted(referrer)) yield referrer;
    }
  } catch (error) {
    if (heard || !isUnsupported(error)) throw error;
    const { manifests } = await readReferrersTag(transport, { registry, repository }, digest, { signal });
    for (const referrer of manifests) if (wanted(referrer)) yield referrer;
  }
}

function isUnsupported(error: unknown): boolean {
  return error instanceof RegistryError && [400, 404, 405, 501].includes(error.status ?? 0);
}
