import {
  type Descriptor,
  type Digest,
  describeMediaType,
  type ImageIndex,
  type ImageManifest,
  isDigest,
  isImageIndex,
  maxDocumentBytes,
  mediaTypeEssence,
  mediaTypes,
  parseManifest,
  type Reference,
  Verifier,
} from '@estiba/image-spec';
import type { Answer, ReadAnswer, Transport } from './transport.ts';

export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly document: ImageManifest | ImageIndex;
  /** As sent: the digest is that of the bytes, not of the document. */
  readonly bytes: Buffer;
}

/** What a manifest is expected to be: what an index says about it. */
type Expected = Pick<Descriptor, 'digest' | 'size' | 'mediaType'>;

const { index, manifest, dockerIndex, dockerManifest } = mediaTypes;
const accept = [index, manifest, dockerIndex, dockerManifest].join(', ');

/** Fetches a manifest or index and checks it against the digest that was asked for, or that the registry claims. */
export async function fetchManifest(
  transport: Transport,
  reference: Reference,
  { signal, expected }: { signal?: AbortSignal | undefined; expected?: Expected } = {},
): Promise<FetchedManifest> {
  const asked = request(reference, 'GET', signal, expected?.digest);
  return transport.readAs(asked, maxDocumentBytes, (answer) => checked(answer, reference, expected));
}

function checked({ response, bytes }: ReadAnswer, reference: Reference, expected?: Expected): FetchedManifest {
  const wanted = expected?.digest ?? reference.digest ?? claimedDigest(response.headers['docker-content-digest']);
  const verifier = new Verifier({
    ...(wanted ? { digest: wanted } : {}),
    ...(expected ? { size: expected.size } : {}),
  });
  verifier.update(bytes);
  const { digest, size } = verifier.finish();
  const sent = response.headers['content-type'];
  const document = parseManifest(bytes, { mediaType: sent });
  if (expected !== undefined) parseManifest(bytes, expected);
  return { descriptor: { mediaType: mediaTypeOf(document, sent), digest, size }, document, bytes };
}

/** The descriptor of a manifest without its content, where the registry tells it; otherwise by fetching it. */
export async function resolveManifest(
  transport: Transport,
  reference: Reference,
  signal?: AbortSignal,
): Promise<Descriptor> {
  const answer = await transport.send(request(reference, 'HEAD', signal)).catch((error) => {
    // An answer to HEAD has no body that could say what is wrong; the one to GET has.
    if (error.status === undefined) throw error;
  });
  if (answer !== undefined) await transport.http.drain(answer.response, answer.url);
  const told = answer && describedBy(answer, reference);
  return told ?? (await fetchManifest(transport, reference, { signal })).descriptor;
}

function request(
  reference: Reference,
  method: 'GET' | 'HEAD',
  signal: AbortSignal | undefined,
  digest = reference.digest,
) {
  const { registry, repository, tag } = reference;
  return {
    registry,
    repository,
    method,
    path: `manifests/${digest ?? tag}`,
    headers: { accept, 'accept-encoding': 'identity' },
    what: `read manifest ${reference}`,
    signal,
  };
}

function describedBy({ response: { headers } }: Answer, { digest: wanted }: Reference): Descriptor | undefined {
  const digest = claimedDigest(headers['docker-content-digest']);
  const size = Number(headers['content-length']);
  const mediaType = mediaTypeEssence(headers['content-type'] ?? '');
  const { kind } = describeMediaType(mediaType);
  if (digest === undefined || !(size > 0) || (kind !== 'manifest' && kind !== 'index')) return undefined;
  return wanted === undefined || wanted === digest ? { mediaType, digest, size } : undefined;
}

function claimedDigest(header: string | string[] | undefined): Digest | undefined {
  return typeof header === 'string' && isDigest(header) ? header : undefined;
}

function mediaTypeOf(document: ImageManifest | ImageIndex, sent = ''): string {
  if (document.mediaType !== undefined) return document.mediaType;
  const { kind } = describeMediaType(sent);
  if (kind === 'manifest' || kind === 'index') return mediaTypeEssence(sent);
  return isImageIndex(document) ? index : manifest;
}
