import {
  type Digest,
  digestAlgorithm,
  digestOf,
  isDigest,
  isImageIndex,
  maxDocumentBytes,
  parseManifest,
} from '@estiba/image-spec';
import { findBlob } from './blobs.ts';
import type { Catalog, StoredManifest } from './catalog.ts';
import { type Exchange, readBody, reply } from './exchange.ts';
import { Refusal } from './refusal.ts';
import type { Storage } from './storage.ts';

export async function sendManifest(
  exchange: Exchange,
  repository: string,
  reference: string,
  catalog: Catalog,
): Promise<void> {
  const manifest = catalog.manifest(repository, reference);
  if (manifest === undefined)
    throw new Refusal(404, 'MANIFEST_UNKNOWN', `there is no manifest ${repository}:${reference}`);
  const { descriptor, bytes } = manifest;
  await reply(exchange, {
    status: 200,
    headers: {
      'content-type': descriptor.mediaType,
      'content-length': bytes.length,
      'docker-content-digest': descriptor.digest,
    },
    body: bytes,
  });
}

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests */
export async function receiveManifest(
  exchange: Exchange,
  repository: string,
  reference: string,
  { catalog, storage }: { catalog: Catalog; storage: Storage },
): Promise<StoredManifest> {
  const bytes = await readBody(exchange.request, maxDocumentBytes);
  const digest = digestOf(bytes, isDigest(reference) ? digestAlgorithm(reference) : 'sha256');
  if (isDigest(reference) && reference !== digest) {
    throw new Refusal(400, 'DIGEST_INVALID', `the manifest is ${digest}`);
  }
  const mediaType = exchange.request.headers['content-type'];
  const document = parseManifest(bytes, { mediaType });
  const lacking = isImageIndex(document)
    ? document.manifests.find((child) => catalog.manifest(repository, child.digest) === undefined)?.digest
    : await firstLacking(
        [document.config, ...document.layers].map((blob) => blob.digest),
        catalog,
        storage,
      );
  if (lacking !== undefined) throw new Refusal(404, 'MANIFEST_BLOB_UNKNOWN', `push ${lacking} first`);
  const type = document.mediaType ?? mediaType ?? 'application/octet-stream';
  const stored = { descriptor: { mediaType: type, digest, size: bytes.length }, bytes };
  catalog.put(repository, stored, isDigest(reference) ? undefined : reference);
  return stored;
}

async function firstLacking(digests: Digest[], catalog: Catalog, storage: Storage): Promise<Digest | undefined> {
  for (const digest of digests) {
    if ((await findBlob(storage, catalog, digest)) === undefined) return digest;
  }
  return undefined;
}
