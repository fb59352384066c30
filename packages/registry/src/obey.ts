import { setTimeout as sleep } from 'node:timers/promises';
import { type Exchange, reply } from './exchange.ts';

/** What a fault does before a request is looked at. Returns whether that was all. */
export async function obey(exchange: Exchange): Promise<boolean> {
  const { fault, url, response, elsewhere } = exchange;
  if (fault === undefined) return false;
  if (fault.delay !== undefined) await delayed(fault.delay, exchange);
  if (fault.hang || fault.endlessHeaders || fault.reset) {
    if (fault.reset) response.destroy();
    if (fault.endlessHeaders) await sendHeadersWithoutEnd(exchange);
    else await closed(exchange);
    return true;
  }
  if (fault.redirect !== undefined) {
    const origin = fault.redirect === 'elsewhere' ? elsewhere : fault.redirect;
    const location = `${origin}${url.pathname}${url.search}`;
    await reply(exchange, { status: fault.status ?? 307, headers: { location } });
    return true;
  }
  if (fault.status === undefined) return false;
  const body = fault.body === undefined ? undefined : Buffer.from(fault.body);
  await reply(exchange, { status: fault.status, body });
  return true;
}

/** Nobody waits for it any more once the connection is closed, and nor does this process. */
async function delayed(milliseconds: number, { response }: Exchange): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  await sleep(milliseconds, undefined, { signal: gone.signal }).catch(() => {});
}

// By hand: Node would keep them until there is an end.
async function sendHeadersWithoutEnd(exchange: Exchange): Promise<void> {
  const { socket } = exchange.response;
  if (socket === null) return;
  const lines = 'x-more: and more\r\n'.repeat(500);
  socket.write('HTTP/1.1 200 OK\r\n');
  while (!socket.destroyed) {
    exchange.entry.bytesSent += lines.length;
    if (!socket.write(lines)) await Promise.race([closed(exchange), drained(exchange)]);
  }
}

function drained({ response }: Exchange): Promise<void> {
  return new Promise((resolve) => response.socket?.once('drain', resolve) ?? resolve());
}

function closed({ response }: Exchange): Promise<void> {
  return new Promise((resolve) => (response.closed ? resolve() : response.once('close', resolve)));
}
