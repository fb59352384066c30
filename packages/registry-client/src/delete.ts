import { type Digest, ImageSpecError, maxDocumentBytes, parseManifest, type Reference } from '@estiba/image-spec';
import { acceptManifests } from './accept.ts';
import { RegistryError } from './error.ts';
import { forgetReferrer } from './referrers-list.ts';
import type { Action } from './scopes.ts';
import type { Transport } from './transport.ts';

const deleting: readonly Action[] = ['pull', 'delete'];

/**
 * Deletes what a reference names: with a digest the manifest, and every tag with it; without, the tag alone. Resolves with
 * false where it was not there.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#deleting-manifests
 */
export async function deleteManifest(
  transport: Transport,
  reference: Reference,
  signal?: AbortSignal,
): Promise<boolean> {
  const { registry, repository, digest, tag } = reference;
  const subject = digest === undefined ? undefined : await subjectOf(transport, reference, digest, signal);
  const what = digest === undefined ? `delete tag ${reference}` : `delete manifest ${registry}/${repository}@${digest}`;
  const deleted = await remove(transport, reference, `manifests/${digest ?? tag}`, what, signal);
  // A registry with a list of its own has no such tag, and nothing happens.
  if (subject !== undefined && digest !== undefined)
    await forgetReferrer(transport, reference, subject, { digest, signal });
  return deleted;
}

/** Resolves with false where it was not there. */
export function deleteBlob(
  transport: Transport,
  reference: Reference,
  digest: Digest,
  signal?: AbortSignal,
): Promise<boolean> {
  const what = `delete blob ${digest} of ${reference.registry}/${reference.repository}`;
  return remove(transport, reference, `blobs/${digest}`, what, signal);
}

async function remove(
  transport: Transport,
  { registry, repository }: Reference,
  path: string,
  what: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const request = { registry, repository, method: 'DELETE', path, actions: deleting, what, signal } as const;
  try {
    const { response, url } = await transport.send({ ...request, accept: [404] });
    await transport.http.drain(response, url);
    return response.statusCode !== 404;
  } catch (error) {
    if (!(error instanceof RegistryError) || error.status !== 405) throw error;
    const { code, url, status } = error;
    throw new RegistryError(code, `${error.message}; the registry has deleting switched off`, {
      url,
      status,
      cause: error,
    });
  }
}

async function subjectOf(
  transport: Transport,
  { registry, repository }: Reference,
  digest: Digest,
  signal: AbortSignal | undefined,
) {
  const what = `read manifest ${registry}/${repository}@${digest}`;
  const asked = { registry, repository, path: `manifests/${digest}`, headers: acceptManifests, actions: deleting };
  const { response, bytes } = await transport.read({ ...asked, accept: [404], what, signal }, maxDocumentBytes);
  if (response.statusCode === 404) return undefined;
  try {
    return parseManifest(bytes, { mediaType: response.headers['content-type'] }).subject;
  } catch (error) {
    // Also what is broken may be deleted.
    if (error instanceof ImageSpecError) return undefined;
    throw error;
  }
}
