import type { Descriptor, Reference } from '@estiba/image-spec';
import { RegistryError } from './error.ts';
import { retrying } from './retry.ts';
import type { Answer, Transport } from './transport.ts';

export interface BlobRequest {
  readonly reference: Reference;
  readonly descriptor: Descriptor;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The bytes of a blob, each once and in order, however often the connection breaks. They are not verified here: whoever
 * takes them counts and hashes what it took.
 *
 *     GET                    200, cut after 40 of 100
 *     GET  Range: bytes=40-  206 Content-Range: bytes 40-99/100    goes on
 *                            200                                   the first 40 are skipped
 *
 * What has been handed out is never sent again in another form: a registry that sends something else from the start
 * the second time gets a wrong digest, not a second chance.
 */
export async function* blobChunks(transport: Transport, request: BlobRequest): AsyncGenerator<Buffer> {
  const { descriptor, signal } = request;
  const state = { taken: 0, skipped: 0 };
  const past = { failures: 0, achieved: 0 };
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
    if (state.taken < descriptor.size) throw short(request, state.taken);
    return undefined;
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
  /** Bytes handed out. */
  taken: number;
  /** Bytes thrown away because the registry cannot begin in the middle. */
  skipped: number;
}

async function open(transport: Transport, request: BlobRequest, state: State): Promise<AsyncGenerator<Buffer>> {
  const { reference, descriptor, signal } = request;
  const { taken } = state;
  const asked = transport.sendOnce({
    registry: reference.registry,
    repository: reference.repository,
    path: `blobs/${descriptor.digest}`,
    headers: { 'accept-encoding': 'identity', ...(taken > 0 ? { range: `bytes=${taken}-` } : {}) },
    what: `read blob ${descriptor.digest} of ${reference}`,
    signal,
  });
  const answer = await asked.catch((error) => {
    // There is nothing after what we have: what the registry keeps is too short.
    throw taken > 0 && error.status === 416 ? short(request, taken, false) : error;
  });
  const { response, url } = answer;
  checkEncoding(answer);
  const body = transport.http.body(response, url, signal);
  if (taken === 0) return body;
  if (response.statusCode === 206 && continues(response.headers['content-range'], taken, descriptor.size)) return body;
  // Without this bound a connection that breaks again and again would move the same bytes again and again.
  state.skipped += taken;
  if (response.statusCode === 206 || state.skipped > Math.max(descriptor.size, 16 * 1024 * 1024)) {
    response.destroy();
    const why = `the download broke off after ${taken} bytes and ${url.host} does not continue it`;
    throw new RegistryError('RANGE_UNSUPPORTED', `cannot read blob ${descriptor.digest} of ${reference}: ${why}`, {
      url,
    });
  }
  return skip(body, taken);
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

function short({ reference, descriptor }: BlobRequest, taken: number, retryable = true): RegistryError {
  const message = `cannot read blob ${descriptor.digest} of ${reference}: it ends after ${taken} of ${descriptor.size} bytes`;
  return new RegistryError('BODY_CUT', message, {
    url: `https://${reference.registry}/v2/${reference.repository}`,
    retryable,
  });
}
