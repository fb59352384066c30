import type { IncomingMessage } from 'node:http';
import { RegistryError } from './error.ts';
import { cut } from './failures.ts';

/** Less than this in the time of `idle` is nothing: a server that sends a byte now and then would keep us for ever. */
const least = 1024;

export interface ReadingOptions {
  readonly url: URL;
  /** Milliseconds in which something has to come. */
  readonly idle: number;
  readonly signal?: AbortSignal | undefined;
}

/** The body of an answer, piece by piece. Fails with BODY_CUT, TIMEOUT, or the reason of the signal. */
export async function* readBody(
  response: IncomingMessage,
  { url, idle, signal }: ReadingOptions,
): AsyncGenerator<Buffer> {
  let waiting = true;
  let recent = 0;
  // Only while we wait for the registry: a reader that takes its time is no fault of the registry.
  const timer = setTimeout(() => {
    const late = `cannot read from ${url.host}: ${recent === 0 ? 'nothing' : `only ${recent} bytes`} came for ${idle} ms`;
    if (waiting) response.destroy(new RegistryError('TIMEOUT', late, { url, retryable: true }));
    else timer.refresh();
  }, idle);
  try {
    for await (const chunk of response) {
      waiting = false;
      yield chunk;
      waiting = true;
      recent += chunk.length;
      if (recent < least) continue;
      recent = 0;
      timer.refresh();
    }
  } catch (error) {
    throw signal?.aborted ? signal.reason : cut(url, error);
  } finally {
    clearTimeout(timer);
  }
}
