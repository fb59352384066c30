import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Fault, spoil } from './faults.ts';
import { Refusal } from './refusal.ts';

/** One request and its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly fault: Fault | undefined;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: Readable | Uint8Array | undefined;
}

/** Sends an answer, with whatever the fault makes of it. A body is not sent in answer to HEAD. */
export async function reply(
  { request, response, fault }: Exchange,
  { status, headers = {}, body }: Reply,
): Promise<void> {
  const length = body instanceof Uint8Array ? { 'content-length': body.length } : {};
  response.writeHead(status, {
    ...(body === undefined ? { 'content-length': 0 } : length),
    ...headers,
  });
  if (request.method === 'HEAD' || body === undefined) {
    if (body instanceof Readable) body.destroy();
    response.end();
    return;
  }
  if (fault === undefined && body instanceof Uint8Array) {
    response.end(body);
    return;
  }
  const stream = body instanceof Uint8Array ? Readable.from([body]) : body;
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  const content = fault === undefined ? stream : spoil(stream, fault, () => response.destroy(), closed.signal);
  try {
    await pipeline(content, response).catch(ignoreClosed);
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

/** The whole body. Throws SIZE_INVALID where it is longer than `most` bytes. */
export async function readBody(request: IncomingMessage, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) throw new Refusal(413, 'SIZE_INVALID', `the body is longer than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

// The reader went away, or a fault cut the connection: nobody is left to tell.
function ignoreClosed(error: NodeJS.ErrnoException): void {
  const gone = ['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE', 'ERR_STREAM_DESTROYED', 'ABORT_ERR'];
  if (!gone.includes(error.code ?? '')) throw error;
}
