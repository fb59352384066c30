import {
  type Descriptor,
  type Digest,
  digestAlgorithm,
  ImageSpecError,
  isDigest,
  type Reference,
} from '@estiba/image-spec';
import { acceptManifests } from './accept.ts';
import type { Action } from './scopes.ts';
import type { Answer, RepositoryRequest, Transport } from './transport.ts';

export interface PutManifest {
  readonly descriptor: Descriptor;
  /** Sent as they are: the digest is that of the bytes. */
  readonly bytes: Uint8Array;
  /** Without any, it gets no name but its digest. */
  readonly tags: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** `If-Match` and the like. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What fails is not tried again: what is sent may be out of date by then. */
  readonly once?: boolean;
}

const actions: readonly Action[] = ['pull', 'push'];

/**
 * Stores a manifest or an index. Resolves with whether the registry itself keeps track of what the manifest refers to as
 * its subject.
 *
 *     PUT manifests/<digest>?tag=a&tag=b   201  OCI-Tag: a, b     all at once, where the registry can
 *     PUT manifests/<tag>                  201  OCI-Subject: …    one each, where it cannot
 *
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests
 */
export async function putManifest(
  transport: Transport,
  reference: Reference,
  manifest: PutManifest,
): Promise<{ subjectKept: boolean }> {
  const { descriptor, tags } = manifest;
  let named: readonly string[] = [];
  let subjectKept = false;
  if (tags.length !== 1) {
    const query = new URLSearchParams(tags.map((tag): [string, string] => ['tag', tag]));
    const answer = await put(
      transport,
      reference,
      manifest,
      `${descriptor.digest}${tags.length > 0 ? `?${query}` : ''}`,
    );
    named = String(answer.response.headers['oci-tag'] ?? '').split(/\s*,\s*/);
    subjectKept = keepsSubject(answer);
  }
  for (const tag of tags.filter((tag) => !named.includes(tag))) {
    subjectKept = keepsSubject(await put(transport, reference, manifest, tag));
  }
  return { subjectKept };
}

/** What a tag, or a digest, stands for in the registry itself, where it tells so in answer to HEAD. */
export async function standing(
  transport: Transport,
  { registry, repository }: Reference,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Digest | undefined> {
  const { response, url } = await transport.send({
    registry,
    repository,
    method: 'HEAD',
    path: `manifests/${name}`,
    headers: acceptManifests,
    accept: [400, 404, 405],
    actions,
    what: `look for manifest ${registry}/${repository}:${name}`,
    signal,
  });
  await transport.http.drain(response, url);
  const digest = response.headers['docker-content-digest'];
  return response.statusCode === 200 && typeof digest === 'string' && isDigest(digest) ? digest : undefined;
}

async function put(
  transport: Transport,
  { registry, repository }: Reference,
  { descriptor, bytes, signal, headers, once = false }: PutManifest,
  name: string,
): Promise<Answer> {
  const request: RepositoryRequest = {
    registry,
    repository,
    method: 'PUT',
    path: `manifests/${name}`,
    headers: { 'content-type': descriptor.mediaType, ...headers },
    body: bytes,
    actions,
    what: `push manifest ${descriptor.digest} to ${registry}/${repository}`,
    signal,
  };
  const answer = await (once ? transport.sendOnce(request) : transport.send(request));
  await transport.http.drain(answer.response, answer.url);
  checkStored(answer, descriptor.digest, `${registry}/${repository}`);
  return answer;
}

function checkStored({ response }: Answer, digest: Digest, where: string): void {
  const stored = response.headers['docker-content-digest'];
  if (typeof stored !== 'string' || !isDigest(stored) || stored === digest) return;
  // By a tag, a registry may know what has a sha512 by its sha256.
  if (digestAlgorithm(stored) !== digestAlgorithm(digest)) return;
  throw new ImageSpecError(
    'DIGEST_MISMATCH',
    `cannot push manifest ${digest} to ${where}: the registry calls it ${stored}`,
  );
}

function keepsSubject({ response }: Answer): boolean {
  return response.headers['oci-subject'] !== undefined;
}
