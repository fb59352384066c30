import {
  type Descriptor,
  type Digest,
  type ImageIndex,
  type ImageManifest,
  ImageSpecError,
  isImageIndex,
  maxDocumentBytes,
  parseManifest,
  type Reference,
} from '@estiba/image-spec';
import { acceptManifests } from './accept.ts';
import type { Action } from './scopes.ts';
import type { Transport } from './transport.ts';

/**
 * The list of referrers where a registry keeps none: an index under a tag made of the digest of the subject, which whoever
 * pushes a referrer reads, changes and writes.
 *
 *     GET manifests/sha256-<hex>     404, or 200 with the list, and perhaps an ETag
 *     PUT manifests/sha256-<hex>     If-Match: <ETag>    412: somebody else was faster
 *     GET manifests/sha256-<hex>     somebody else, without ETags, was slower: again
 *
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema
 */
export function referrersTag(digest: Digest): string {
  const [algorithm = '', encoded = ''] = digest.split(':');
  return `${algorithm.slice(0, 32)}-${encoded.slice(0, 64)}`.replaceAll(/[^A-Za-z0-9._-]/g, '-');
}

type Repository = Pick<Reference, 'registry' | 'repository'>;

/** The descriptor with which a list of referrers names a manifest: with what its readers look for. */
export function referrerOf(descriptor: Descriptor, document: ImageManifest | ImageIndex): Descriptor {
  const { mediaType, digest, size } = descriptor;
  const artifactType = document.artifactType ?? (isImageIndex(document) ? undefined : document.config.mediaType);
  const { annotations } = document;
  return {
    mediaType,
    digest,
    size,
    ...(artifactType !== undefined && { artifactType }),
    ...(annotations && { annotations }),
  };
}

export interface ReferrersList {
  readonly manifests: readonly Descriptor[];
  readonly index?: ImageIndex;
  readonly etag?: string | undefined;
}

/** Empty where there is no such tag. `writing` asks the registry itself, not a mirror. */
export async function readReferrersTag(
  transport: Transport,
  { registry, repository }: Repository,
  subject: Digest,
  { signal, writing = false }: { signal?: AbortSignal | undefined; writing?: boolean } = {},
): Promise<ReferrersList> {
  const tag = referrersTag(subject);
  const what = `read the list of referrers ${registry}/${repository}:${tag}`;
  const path = `manifests/${tag}`;
  const actions: readonly Action[] = writing ? ['pull', 'push'] : ['pull'];
  const asked = { registry, repository, path, headers: acceptManifests, accept: [404], actions, what, signal };
  // Whoever writes tries reading and writing again as one.
  const { response, bytes } = await (writing
    ? transport.readOnce(asked, maxDocumentBytes)
    : transport.read(asked, maxDocumentBytes));
  if (response.statusCode === 404) return { manifests: [] };
  const index = parseManifest(bytes, { mediaType: response.headers['content-type'] });
  if (isImageIndex(index)) return { manifests: index.manifests, index, etag: response.headers.etag };
  throw new ImageSpecError('MEDIA_TYPE_UNSUPPORTED', `cannot ${what}: it is an image manifest, not an image index`);
}
