import {
  describeMediaType,
  digestAlgorithm,
  digestOf,
  type ImageIndex,
  type ImageManifest,
  isDigest,
  isImageIndex,
  mediaTypeEssence,
  mediaTypes,
  parseManifest,
} from '@estiba/image-spec';
import { storedManifest } from './catalog.ts';
import type { Contents } from './contents.ts';
import { type Exchange, readBody, reply } from './exchange.ts';
import { checkContents } from './manifest-check.ts';
import { checkReference } from './names.ts';
import { Refusal } from './refusal.ts';
import type { StoredManifest } from './repository.ts';

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests */
export async function sendManifest(
  exchange: Exchange,
  name: string,
  reference: string,
  { catalog }: Contents,
): Promise<void> {
  const manifest = catalog.find(name)?.manifest(reference);
  if (manifest === undefined) throw unknown(name, reference);
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
  name: string,
  reference: string,
  contents: Contents,
): Promise<void> {
  const { catalog, names, storage, rules } = contents;
  checkReference(reference);
  const tags = tagsIn(exchange, reference, contents);
  const bytes = await readBody(exchange, rules.maxManifestBytes);
  const manifest = await checked(exchange, { bytes, name, reference }, contents);
  const { digest } = manifest.descriptor;
  const repository = catalog.open(name);
  await repository.change(async () => {
    await names.put(name, repository, manifest, tags);
    repository.put(manifest, tags);
  });
  await storage.settle(manifest.parts);
  const subject = rules.lacks.has('referrers') ? undefined : manifest.referrer?.subject;
  await reply(exchange, {
    status: 201,
    headers: {
      location: `/v2/${name}/manifests/${digest}`,
      'docker-content-digest': digest,
      ...(subject !== undefined && { 'oci-subject': subject }),
      ...(isDigest(reference) && tags.length > 0 && { 'oci-tag': tags }),
    },
  });
}

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#deleting-manifests */
export async function deleteManifest(
  exchange: Exchange,
  name: string,
  reference: string,
  { catalog, names }: Contents,
): Promise<void> {
  checkReference(reference);
  const repository = catalog.find(name);
  await repository?.change(async () => {
    if (repository.manifest(reference) === undefined) throw unknown(name, reference);
    if (isDigest(reference)) {
      await names.remove(name, repository, reference);
      repository.remove(reference);
    } else {
      await names.removeTag(name, repository, reference);
      repository.tags.delete(reference);
    }
  });
  if (repository === undefined) throw unknown(name, reference);
  await reply(exchange, { status: 202 });
}

// Ten have to be possible, and an address has an end.
const mostTags = 100;

/** What a manifest is going to be called: the tag it is sent to, or those beside its digest. */
function tagsIn({ url }: Exchange, reference: string, { rules }: Contents): string[] {
  if (!isDigest(reference)) return [reference];
  if (rules.lacks.has('tag-parameters')) return [];
  const tags = [...new Set(url.searchParams.getAll('tag'))];
  if (tags.length > mostTags) throw new Refusal(414, 'UNSUPPORTED', `at most ${mostTags} tags are given at once`);
  for (const tag of tags) {
    checkReference(tag);
    if (isDigest(tag)) throw new Refusal(400, 'NAME_INVALID', `${tag} is not a tag`);
  }
  return tags;
}

async function checked(
  { request: { headers } }: Exchange,
  { bytes, name, reference }: { bytes: Buffer; name: string; reference: string },
  { catalog, storage, rules }: Contents,
): Promise<StoredManifest> {
  const digest = digestOf(bytes, isDigest(reference) ? digestAlgorithm(reference) : 'sha256');
  if (isDigest(reference) && reference !== digest)
    throw new Refusal(400, 'DIGEST_INVALID', `the manifest is ${digest}`);
  const said = headers['content-type'];
  const describe = (mediaType: string) => ({ mediaType, digest, size: bytes.length });
  try {
    const document = parseManifest(bytes, { mediaType: said });
    if (!rules.lenient) await checkContents(document, catalog.open(name), storage);
    return storedManifest(bytes, describe(document.mediaType ?? typeOf(document, said)), document);
  } catch (error) {
    if (!rules.lenient) throw error;
    return storedManifest(bytes, describe(mediaTypeIn(said)), undefined);
  }
}

/** Of a document that does not say it: what it was sent as, or else looks like. */
function typeOf(document: ImageManifest | ImageIndex, said = ''): string {
  const type = mediaTypeEssence(said);
  const { kind } = describeMediaType(type);
  if (kind === 'manifest' || kind === 'index') return type;
  return isImageIndex(document) ? mediaTypes.index : mediaTypes.manifest;
}

/** Without parameters, which have no place in a descriptor: a layout with one could not be read again. */
function mediaTypeIn(said = ''): string {
  const type = mediaTypeEssence(said);
  return mediaTypePattern.test(type) ? type : 'application/octet-stream';
}

// https://www.rfc-editor.org/rfc/rfc6838#section-4.2
const mediaTypePattern = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/;

function unknown(name: string, reference: string): Refusal {
  return new Refusal(404, 'MANIFEST_UNKNOWN', `there is no manifest ${name}:${reference.slice(0, 255)}`);
}
