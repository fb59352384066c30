import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Descriptor,
  type Digest,
  describe,
  type ImageIndex,
  type ImageManifest,
  ImageSpecError,
  isImageIndex,
  maxDocumentBytes,
  mediaTypes,
  parseManifest,
  type Reference,
} from '@estiba/image-spec';
import { acceptManifests } from './accept.ts';
import { RegistryError } from './error.ts';
import { putManifest } from './put-manifest.ts';
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

/** Puts a referrer on the list of its subject, unless it is there. */
export function nameReferrer(
  transport: Transport,
  reference: Reference,
  subject: Descriptor,
  {
    descriptor,
    document,
    signal,
  }: { descriptor: Descriptor; document: ImageManifest | ImageIndex; signal?: AbortSignal | undefined },
): Promise<void> {
  const referrer = referrerOf(descriptor, document);
  return change(transport, reference, subject.digest, signal, (manifests) =>
    manifests.some(({ digest }) => digest === referrer.digest) ? undefined : [...manifests, referrer],
  );
}

/** Takes a referrer that was deleted from the list of its subject. */
export function forgetReferrer(
  transport: Transport,
  reference: Reference,
  subject: Descriptor,
  { digest, signal }: { digest: Digest; signal?: AbortSignal | undefined },
): Promise<void> {
  return change(transport, reference, subject.digest, signal, (manifests) => {
    const left = manifests.filter((one) => one.digest !== digest);
    return left.length === manifests.length ? undefined : left;
  });
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
  const { response, bytes } = await transport.read(asked, maxDocumentBytes);
  if (response.statusCode === 404) return { manifests: [] };
  const index = parseManifest(bytes, { mediaType: response.headers['content-type'] });
  if (isImageIndex(index)) return { manifests: index.manifests, index, etag: response.headers.etag };
  throw new ImageSpecError('MEDIA_TYPE_UNSUPPORTED', `cannot ${what}: it is an image manifest, not an image index`);
}

const mostAttempts = 10;

/** `edit` gives the list as it is to be, or nothing where it is right as it stands. */
async function change(
  transport: Transport,
  reference: Reference,
  subject: Digest,
  signal: AbortSignal | undefined,
  edit: (manifests: readonly Descriptor[]) => Descriptor[] | undefined,
): Promise<void> {
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const list = await readReferrersTag(transport, reference, subject, { signal, writing: true });
    const manifests = edit(list.manifests);
    if (manifests === undefined) return;
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, ...list.index, manifests };
    const bytes = Buffer.from(JSON.stringify(index));
    const descriptor = describe(bytes, mediaTypes.index);
    const headers = conditions(list);
    try {
      await putManifest(transport, reference, { descriptor, bytes, tags: [referrersTag(subject)], headers, signal });
    } catch (error) {
      if (!(error instanceof RegistryError) || error.status !== 412) throw error;
    }
    // Without ETags the later of two writers wins: both look again, when both have written.
    await sleep(25 + Math.random() * 100, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
  }
  const { registry, repository } = reference;
  const why = `others change it all the time; gave up after ${mostAttempts} attempts`;
  const url = `https://${registry}/v2/${repository}/manifests/${referrersTag(subject)}`;
  const message = `cannot change the list of referrers ${registry}/${repository}:${referrersTag(subject)}: ${why}`;
  throw new RegistryError('UNEXPECTED', message, { url, retryable: true });
}

/** That nobody else has written in between; registries without conditions do not mind them. RFC 9110 section 13.1 */
function conditions({ index, etag }: ReferrersList): Record<string, string> {
  if (index === undefined) return { 'if-none-match': '*' };
  return etag === undefined ? {} : { 'if-match': etag };
}
