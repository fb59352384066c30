import type { Descriptor, Reference } from '@estiba/image-spec';
import { RegistryError } from './error.ts';
import type { Place } from './places.ts';
import { retrying } from './retry.ts';
import type { Answer, Transport } from './transport.ts';

export interface BlobRequest {
  readonly reference: Reference;
  readonly descriptor: Descriptor;
  /** How many bytes from its start are there already; 0 unless told. */
  readonly start?: number | undefined;
  /** Gets the mirrors that some of it comes from: who finds it wrong can tell them to `transport.distrust`. */
  readonly mirrors?: Set<Place>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The bytes of a blob, each once and in order, however often the connection breaks. They are not verified here: whoever
 * takes them counts and hashes what it took.
 *
 *     GET                    200, cut after 40 of 100
 *     GET  Range: bytes=40-  206 Content-Range: bytes 40-99/100    goes on
 *                            200                                   the first 40 are skipped
 *                            206 Content-Range: bytes 0-99/100     asked for again, without a range, and skipped
 *
 * What has been handed out is never sent again in another form: a registry that sends something else from the start
 * the second time gets a wrong digest, not a second chance.
 */
export async function* blobChunks(transport: Transport, request: BlobRequest): AsyncGenerator<Buffer> {
  const { descriptor, start = 0, signal } = request;
  const state: State = { taken: start, skipped: 0, whole: false, mirror: undefined };
  const past = { failures: 0, achieved: start };
  let source: AsyncGenerator<Buffer> | undefined;
  const next = async (): Promise<Buffer | undefined> => {
    source ??= await open(transport, request, state);
    try {
      const { value, done } = await source.next();
      if (!done) return value;
    } catch (error) {
      source = undefined;
      throw error;
    }
    source = undefined;
    if (state.taken >= descriptor.size) return undefined;
    const error = short(request, state.taken);
    if (state.mirror !== undefined) transport.distrust([state.mirror], request.reference, error);
    throw error;
  };
  try {
    for (;;) {
      const chunk = await retrying(next, { ...transport.retry, signal, progress: () => state.taken, past });
      if (chunk === undefined) return;
      state.taken += chunk.length;
      yield chunk;
    }
  } finally {
    await source?.return(undefined);
  }
}

interface State {
  /** Bytes handed out, or there before. */
  taken: number;
  /** Bytes thrown away because the registry cannot begin in the middle. */
  skipped: number;
  /** Whether it is known to answer with another range than was asked for. */
  whole: boolean;
  /** Which mirror was asked last; none where the registry itself was. */
  mirror: Place | undefined;
}

async function open(transport: Transport, request: BlobRequest, state: State): Promise<AsyncGenerator<Buffer>> {
  const { descriptor, signal } = request;
  const { taken } = state;
  const answer = await ask(transport, request, state);
  const { response, url } = answer;
  state.mirror = answer.mirror;
  if (answer.mirror !== undefined) request.mirrors?.add(answer.mirror);
  const partly = response.statusCode === 206;
  if (partly && taken > 0 && !state.whole && continues(response.headers['content-range'], taken, descriptor.size))
    return transport.http.body(response, url, signal);
  if (taken === 0 && !partly) return transport.http.body(response, url, signal);
  // Without this bound a connection that breaks again and again would move the same bytes again and again.
  if (!partly) state.skipped += taken;
  if ((partly && (state.whole || taken === 0)) || state.skipped > Math.max(descriptor.size, 16 * 1024 * 1024)) {
    response.destroy();
    throw unsupported(request, taken, url);
  }
  if (!partly) return skip(transport.http.body(response, url, signal), taken);
  response.destroy();
  state.whole = true;
  return open(transport, request, state);
}

async function ask(transport: Transport, request: BlobRequest, { taken, whole }: State): Promise<Answer> {
  const { reference, descriptor, signal } = request;
  const asked = {
    registry: reference.registry,
    repository: reference.repository,
    path: `blobs/${descriptor.digest}`,
    headers: { 'accept-encoding': 'identity', ...(taken > 0 && !whole ? { range: `bytes=${taken}-` } : {}) },
    what: `read blob ${descriptor.digest} of ${reference}`,
    signal,
  };
  return transport.sendOnce(asked, checkEncoding).catch((error) => {
    // There is nothing after what we have: what the registry keeps is too short.
    throw taken > 0 && error.status === 416 ? short(request, taken, false) : error;
  });
}

function continues(header: string | undefined, start: number, size: number): boolean {
  const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(header ?? '') ?? [];
  return Number(from) === start && (total === '*' || Number(total) === size);
}

async function* skip(body: AsyncGenerator<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const chunk of body) {
    if (chunk.length > left) yield chunk.subarray(left);
    left = Math.max(left - chunk.length, 0);
  }
}

// The digest is that of the blob as stored; what a server packs for the way would have to be unpacked first.
function checkEncoding({ response, url }: Answer): void {
  const encoding = response.headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return;
  response.destroy();
  throw new RegistryError(
    'ENCODING_UNSUPPORTED',
    `cannot read blob from ${url.host}: it is sent with content-encoding ${encoding}`,
    { url },
  );
}

function unsupported({ reference, descriptor }: BlobRequest, taken: number, url: URL): RegistryError {
  const why = `the download broke off after ${taken} bytes and ${url.host} does not continue it`;
  const message = `cannot read blob ${descriptor.digest} of ${reference}: ${why}`;
  return new RegistryError('RANGE_UNSUPPORTED', message, { url });
}

function short({ reference, descriptor }: BlobRequest, taken: number, retryable = true): RegistryError {
  const message = `cannot read blob ${descriptor.digest} of ${reference}: it ends after ${taken} of ${descriptor.size} bytes`;
  return new RegistryError('BODY_CUT', message, {
    url: `https://${reference.registry}/v2/${reference.repository}`,
    retryable,
  });
}
