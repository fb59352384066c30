import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { Http, type HttpRequest } from '../src/http.ts';
import { sendFollowing } from '../src/redirect.ts';
import type { RequestBody } from '../src/request-body.ts';
import { serve, serveTcp } from './odd-server.ts';

const piece = Buffer.alloc(64 * 1024, 'x');

/** So many pieces, and how often they were asked for and not all taken. */
function pieces(count: number, announced = count): RequestBody & { begun: number; ended: number } {
  const body = {
    size: announced * piece.length,
    begun: 0,
    ended: 0,
    async *stream() {
      body.begun += 1;
      try {
        for (let number = 0; number < count; number++) yield piece;
      } finally {
        body.ended += 1;
      }
    },
  };
  return body;
}

async function put(listener: RequestListener, body: RequestBody, options: Partial<HttpRequest> = {}) {
  await using server = await serve(listener);
  const http = new Http({ timeouts: { idle: 200 } });
  try {
    const request = { method: 'PUT', url: new URL(server.url), headers: {}, body, ...options };
    const { response } = await sendFollowing(http, request);
    return { status: response.statusCode, text: (await buffer(response)).toString() };
  } finally {
    http.close();
  }
}

const count: RequestListener = async (request, response) => {
  response.end(`${request.headers['content-length']} ${(await buffer(request)).length}`);
};

test.each<[string, RequestBody, number]>([
  ['a text', 'äöü', 6],
  ['bytes', piece, piece.length],
  ['nothing', '', 0],
  ['a stream', pieces(40), 40 * piece.length],
  ['an empty stream', pieces(0), 0],
])('%s arrives whole, with its length', async (_, body, size) => {
  expect(await put(count, body)).toEqual({ status: 200, text: `${size} ${size}` });
});

test.each([
  [3, 4],
  [4, 3],
])('a stream of %i pieces that announced %i is an error', async (there, announced) => {
  await expect(put(count, pieces(there, announced))).rejects.toMatchObject({ code: 'BODY_INVALID' });
});

test('what a stream throws is what the request fails with', async () => {
  const failure = new Error('the disk is gone');
  const body = {
    size: 10,
    // biome-ignore lint/correctness/useYield: it fails before.
    async *stream(): AsyncGenerator<Uint8Array> {
      throw failure;
    },
  };
  await expect(put(count, body)).rejects.toBe(failure);
});

test('an answer before the end of the body ends the body', async () => {
  const body = pieces(10_000);
  const refuse: RequestListener = (_request, response) => void response.writeHead(413).end('too large');
  expect(await put(refuse, body)).toEqual({ status: 413, text: 'too large' });
  await expect.poll(() => body.ended).toBe(1);
});

test('a registry that takes nothing is left after a while', async () => {
  await using server = await serveTcp((socket) => void socket.pause());
  const http = new Http({ timeouts: { idle: 100 } });
  const body = pieces(10_000);
  const sent = http.send({ method: 'PUT', url: new URL(server.url), headers: {}, body });
  await expect(sent).rejects.toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('nothing was taken') });
  expect(body.ended).toBe(1);
  http.close();
});

test('a content that comes slowly is no fault of the registry', async () => {
  const slow = {
    size: 2,
    async *stream() {
      for (let sent = 0; sent < 2; sent++) {
        await new Promise((resolve) => setTimeout(resolve, 300));
        yield Buffer.from('x');
      }
    },
  };
  expect(await put(count, slow)).toMatchObject({ text: '2 2' });
});

test('sending ends with the signal', async () => {
  await using server = await serveTcp((socket) => void socket.pause());
  const http = new Http();
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('enough')), 50);
  const body = pieces(10_000);
  const { signal } = controller;
  await expect(http.send({ method: 'PUT', url: new URL(server.url), headers: {}, body, signal })).rejects.toThrow(
    'enough',
  );
  await expect.poll(() => body.ended).toBe(1);
  http.close();
});

test('a redirect is sent the body again, but not by way of GET', async () => {
  let asked = 0;
  const methods: string[] = [];
  const redirect =
    (status: number): RequestListener =>
    async (request: IncomingMessage, response) => {
      methods.push(request.method ?? '');
      if (asked++ === 0) response.writeHead(status, { location: '/elsewhere' }).end();
      else response.end(String((await buffer(request)).length));
    };
  const body = pieces(3);
  expect(await put(redirect(307), body)).toMatchObject({ text: String(3 * piece.length) });
  expect([methods, body.begun]).toEqual([['PUT', 'PUT'], 2]);
  asked = 0;
  await expect(put(redirect(303), pieces(3))).rejects.toMatchObject({ code: 'REDIRECT_REFUSED' });
});

test('after an answer that came too early the connection is given up', async () => {
  const sockets = new Set<Socket>();
  const server = createServer((_request, response) => void response.end('early'));
  server.on('connection', (socket) => sockets.add(socket.once('close', () => sockets.delete(socket))));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const http = new Http();
  try {
    const response = await http.send({ method: 'PUT', url, headers: {}, body: pieces(10_000) });
    expect((await buffer(response)).toString()).toBe('early');
    await expect.poll(() => sockets.size).toBe(0);
  } finally {
    http.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

test('what a content has too much is not taken for another request', async () => {
  const seen: (string | undefined)[] = [];
  const listener: RequestListener = (request, response) => {
    seen.push(request.url);
    request.resume().on('end', () => setTimeout(() => response.end(), 50));
  };
  const body = {
    size: 5,
    async *stream() {
      yield Buffer.from('hello');
      yield Buffer.from('GET /evil HTTP/1.1\r\nHost: x\r\n\r\n');
      await new Promise((resolve) => setTimeout(resolve, 50));
    },
  };
  await expect(put(listener, body)).rejects.toMatchObject({ code: 'BODY_INVALID' });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(seen).not.toContain('/evil');
});
