import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Descriptor,
  type Digest,
  describe,
  type ImageIndex,
  type ImageManifest,
  mediaTypes,
  type Reference,
} from '@estiba/image-spec';
import { RegistryError } from './error.ts';
import { putManifest } from './put-manifest.ts';
import { type ReferrersList, readReferrersTag, referrerOf, referrersTag } from './referrers-tag.ts';
import { type Retry, retrying } from './retry.ts';
import type { Transport } from './transport.ts';
import { inTurn } from './turns.ts';

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

type Edit = (manifests: readonly Descriptor[]) => Descriptor[] | undefined;

const mostAttempts = 10;

/** `edit` gives the list as it is to be, or nothing where it is right as it stands. */
async function change(
  transport: Transport,
  reference: Reference,
  subject: Digest,
  signal: AbortSignal | undefined,
  edit: Edit,
): Promise<void> {
  const { registry, repository } = reference;
  // Whoever is in this process has no need to be overwritten.
  await inTurn(
    `${registry}/${repository}@${subject}`,
    () => compete(transport, reference, subject, signal, edit),
    signal,
  );
}

async function compete(
  transport: Transport,
  reference: Reference,
  subject: Digest,
  signal: AbortSignal | undefined,
  edit: Edit,
): Promise<void> {
  let settle = 25;
  // A list that was read before a wait is out of date after it.
  const attempt = () => rewrite(transport, reference, subject, signal, edit);
  const onRetry = (retry: Retry) => {
    // Those who were told to wait come back together, and what seemed lost may arrive late.
    settle = 200;
    transport.retry.onRetry?.(retry);
  };
  for (let attempts = 0; attempts < mostAttempts; attempts++) {
    if (await retrying(attempt, { ...transport.retry, onRetry, signal })) return;
    // Without ETags the later of two writers wins: both look again, when both have written.
    const wait = settle * (1 + Math.random() * 4);
    await sleep(wait, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
  }
  const { registry, repository } = reference;
  const why = `others change it all the time; gave up after ${mostAttempts} attempts`;
  const url = `https://${registry}/v2/${repository}/manifests/${referrersTag(subject)}`;
  const message = `cannot change the list of referrers ${registry}/${repository}:${referrersTag(subject)}: ${why}`;
  throw new RegistryError('UNEXPECTED', message, { url, retryable: true });
}

/** Resolves with whether there was nothing to change. */
async function rewrite(
  transport: Transport,
  reference: Reference,
  subject: Digest,
  signal: AbortSignal | undefined,
  edit: Edit,
): Promise<boolean> {
  const list = await readReferrersTag(transport, reference, subject, { signal, writing: true });
  const manifests = edit(list.manifests);
  if (manifests === undefined) return true;
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, ...list.index, manifests };
  const bytes = Buffer.from(JSON.stringify(index));
  const descriptor = describe(bytes, mediaTypes.index);
  const tags = [referrersTag(subject)];
  try {
    await putManifest(transport, reference, { descriptor, bytes, tags, headers: conditions(list), signal, once: true });
  } catch (error) {
    if (!(error instanceof RegistryError) || error.status !== 412) throw error;
  }
  return false;
}

/** That nobody else has written in between; registries without conditions do not mind them. RFC 9110 section 13.1 */
function conditions({ index, etag }: ReferrersList): Record<string, string> {
  if (index === undefined) return { 'if-none-match': '*' };
  return etag === undefined ? {} : { 'if-match': etag };
}
