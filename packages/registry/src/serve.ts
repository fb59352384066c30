import { type Exchange, replyRefusal } from './exchange.ts';
import { obey } from './obey.ts';
import { refusalOf } from './refusal.ts';

/** One request from its head to its end: what a fault does, what the registry does, and what it says when that fails. */
export async function serve(exchange: Exchange, answer: (exchange: Exchange) => Promise<void>): Promise<void> {
  const { response } = exchange;
  // A connection that breaks between two writes is nobody's error.
  response.on('error', () => {});
  response.setHeader('docker-distribution-api-version', 'registry/2.0');
  try {
    if (!(await obey(exchange))) await answer(exchange);
  } catch (error) {
    if (response.headersSent || response.destroyed) response.destroy();
    else await replyRefusal(exchange, refusalOf(error)).catch(() => response.destroy());
  }
  discardRest(exchange);
}

const mostRest = 16 * 1024 * 1024;

/** What was not read of the request would be taken for the next one. Where that has no end, the connection has. */
function discardRest({ request }: Exchange): void {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > mostRest) request.destroy();
  });
}
