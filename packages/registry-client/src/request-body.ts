import type { ClientRequest } from 'node:http';
import { RegistryError } from './error.ts';
import { giveBack } from './give-back.ts';

/** What is sent along with a request. `stream` is called again when the request has to be sent again. */
export type RequestBody =
  | string
  | Uint8Array
  | {
      /** In bytes. */
      readonly size: number;
      stream(): AsyncIterable<Uint8Array>;
      /** Whether the memory of what it yields is given away, as by postMessage(). */
      readonly transfer?: boolean;
    };

export function bodySize(body: RequestBody): number {
  if (typeof body === 'string') return Buffer.byteLength(body);
  return body instanceof Uint8Array ? body.length : body.size;
}

export interface SendingOptions {
  readonly url: URL;
  /** Milliseconds that a registry may take nothing. */
  readonly idle: number;
  /** Whether there is an answer already: what is left of the body need not be sent. */
  readonly answered: () => boolean;
}

/**
 * Sends a body, no faster than it is taken. Resolves when all of it has been handed over, or nobody wants the rest. Rejects
 * with what `stream` throws, with TIMEOUT, and with BODY_INVALID where the content has another size than announced.
 */
export async function sendBody(request: ClientRequest, body: RequestBody, options: SendingOptions): Promise<void> {
  const { url, answered } = options;
  if (typeof body === 'string' || body instanceof Uint8Array) {
    request.end(body);
    return;
  }
  // Once it is written; what is not, because the connection broke, may still be in use below.
  const written = body.transfer ? (chunk: Uint8Array) => (error?: Error | null) => error ?? giveBack(chunk) : undefined;
  let sent = 0;
  for await (const chunk of body.stream()) {
    if (request.destroyed || answered()) return;
    sent += chunk.length;
    // More would be taken for the next request of this connection.
    if (sent > body.size) throw wrongSize(body.size, url);
    if (!request.write(chunk, written?.(chunk))) await drained(request, options);
    if (request.destroyed || answered()) return;
  }
  if (sent !== body.size) throw wrongSize(body.size, url);
  request.end();
}

function drained(request: ClientRequest, { url, idle }: SendingOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const message = `cannot send to ${url.host}: nothing was taken for ${idle} ms`;
      settle(() => reject(new RegistryError('TIMEOUT', message, { url, retryable: true })));
    }, idle);
    const done = () => settle(resolve);
    const settle = (then: () => void) => {
      clearTimeout(timer);
      request.off('drain', done).off('close', done).off('response', done);
      then();
    };
    request.once('drain', done).once('close', done).once('response', done);
  });
}

function wrongSize(size: number, url: URL): RegistryError {
  return new RegistryError(
    'BODY_INVALID',
    `cannot send to ${url.host}: the content is not of the ${size} bytes announced`,
    {
      url,
    },
  );
}
