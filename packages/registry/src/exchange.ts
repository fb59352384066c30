import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Fault } from './fault.ts';
import { Refusal } from './refusal.ts';
import type { RequestEntry } from './request-log.ts';
import { drip, spoil } from './spoil.ts';

/** One request and its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly entry: RequestEntry;
  readonly fault: Fault | undefined;
  /** The registry's second origin, where the fault has to do with it. */
  readonly elsewhere: string;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number | string[]>>;
  readonly body?: Readable | Uint8Array | undefined;
}

/** Sends an answer, with whatever the fault makes of it. A body is not sent in answer to HEAD. */
export async function reply(exchange: Exchange, { status, headers = {}, body }: Reply): Promise<void> {
  const { request, response, entry, fault } = exchange;
  const length = body instanceof Uint8Array ? { 'content-length': body.length } : {};
  const all = { ...(body === undefined ? { 'content-length': 0 } : length), ...headers, ...added(exchange) };
  entry.status = status;
  response.writeHead(status, fault?.endless ? without(all, 'content-length') : all);
  if (request.method === 'HEAD' || (body === undefined && !fault?.endless)) {
    if (body instanceof Readable) body.destroy();
    response.end();
    return;
  }
  if (fault === undefined && body instanceof Uint8Array) {
    entry.bytesSent = body.length;
    response.end(body);
    return;
  }
  const stream = body instanceof Readable ? body : Readable.from(body === undefined ? [] : [body]);
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  const content = fault === undefined ? stream : spoil(stream, fault, () => response.destroy(), closed.signal);
  try {
    await pipeline(counted(content, entry), response).catch(ignoreClosed);
  } finally {
    // Where the reader was gone before the first byte, nobody has begun with what stands behind the content.
    stream.destroy();
  }
}

export function replyJson(
  exchange: Exchange,
  status: number,
  document: unknown,
  headers: Reply['headers'] = {},
): Promise<void> {
  return reply(exchange, {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(document)),
  });
}

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes */
export function replyRefusal(exchange: Exchange, { status, code, message, headers }: Refusal): Promise<void> {
  return replyJson(exchange, status, { errors: [{ code, message }] }, headers);
}

/** The body of the request, as it comes, or as the fault lets it. */
export async function* received({ request, response, entry, fault }: Exchange): AsyncGenerator<Uint8Array> {
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  const most = fault?.cutUploadAfter ?? Infinity;
  // A body that is given up must not take the answer with it.
  for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    const chunk = piece.subarray(0, most - entry.bytesReceived);
    entry.bytesReceived += chunk.length;
    if (fault?.uploadBytesPerSecond === undefined) yield chunk;
    else yield* drip(chunk, fault.uploadBytesPerSecond, closed.signal);
    if (entry.bytesReceived < most) continue;
    response.destroy();
    throw new Refusal(400, 'BLOB_UPLOAD_INVALID', 'the connection was cut');
  }
}

/** The whole body. Throws SIZE_INVALID where it is longer than `most` bytes. */
export async function readBody(exchange: Exchange, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of received(exchange)) {
    size += chunk.length;
    if (size > most) throw new Refusal(413, 'SIZE_INVALID', `the body is longer than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The headers that a fault adds. */
function added({ fault }: Exchange): Record<string, string> {
  if (fault === undefined) return {};
  const { headers = {}, retryAfter, headerBytes, headerCount = 0 } = fault;
  const more = Array.from({ length: headerCount }, (_, index) => [`x-more-${index}`, 'and more']);
  return {
    ...(retryAfter !== undefined && {
      'retry-after': retryAfter instanceof Date ? retryAfter.toUTCString() : String(retryAfter),
    }),
    ...(headerBytes !== undefined && { 'x-long': 'x'.repeat(headerBytes) }),
    ...Object.fromEntries(more),
    ...headers,
  };
}

function without(headers: NonNullable<Reply['headers']>, name: string): NonNullable<Reply['headers']> {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
}

async function* counted(body: AsyncIterable<Uint8Array>, entry: RequestEntry): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    entry.bytesSent += chunk.length;
    yield chunk;
  }
}

// The reader went away, or a fault cut the connection: nobody is left to tell.
function ignoreClosed(error: NodeJS.ErrnoException): void {
  const gone = ['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE', 'ERR_STREAM_DESTROYED', 'ABORT_ERR'];
  if (!gone.includes(error.code ?? '')) throw error;
}
