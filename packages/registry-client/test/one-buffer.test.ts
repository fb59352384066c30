import { createHash, randomBytes } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Http } from '../src/http.ts';

const content = randomBytes(20_000_000);

async function serving(answer: RequestListener): Promise<{ url: URL; server: Server } & AsyncDisposable> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return {
    url,
    server,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function get(http: Http, url: URL): Promise<string> {
  const hash = createHash('sha256');
  const response = await http.send({ method: 'GET', url, headers: {} });
  for await (const piece of http.body(response, url)) hash.update(piece);
  return hash.digest('hex');
}

test('bodies arrive whole, several at once and one after the other on a connection, however they are cut', async () => {
  let connections = 0;
  await using served = await serving((request, response) => {
    const [from, step] = [Number(request.url?.slice(1)), 1 + (Number(request.url?.slice(1)) % 70_001)];
    response.setHeader('content-length', content.length - from);
    for (let at = from; at < content.length; at += step * 50) response.write(content.subarray(at, at + step * 50));
    response.end();
  });
  served.server.on('connection', () => {
    connections += 1;
  });
  const http = new Http();
  try {
    for (let round = 0; round < 3; round++) {
      const offsets = [1, 70_000, 19_000_000, 13_333].map((offset) => offset + round);
      const expected = offsets.map((offset) => createHash('sha256').update(content.subarray(offset)).digest('hex'));
      const got = await Promise.all(offsets.map((offset) => get(http, new URL(`/${offset}`, served.url))));
      expect(got).toEqual(expected);
    }
    expect(connections).toBeLessThanOrEqual(4);
  } finally {
    http.close();
  }
});

test('what was handed on does not change with the next read', async () => {
  await using served = await serving((_, response) => void response.end(content));
  const http = new Http();
  const pieces: Uint8Array[] = [];
  const response = await http.send({ method: 'GET', url: served.url, headers: {} });
  for await (const piece of http.body(response, served.url)) pieces.push(piece);
  http.close();
  expect(Buffer.concat(pieces).equals(content)).toBe(true);
});

test('a reader that takes its time is waited for', async () => {
  let sent = 0;
  await using served = await serving((_, response) => {
    const more = () => {
      while (sent < 200_000_000) {
        sent += content.length / 20;
        if (!response.write(content.subarray(0, content.length / 20))) return void response.once('drain', more);
      }
      response.end();
    };
    more();
  });
  const http = new Http();
  const response = await http.send({ method: 'GET', url: served.url, headers: {} });
  const body = http.body(response, served.url);
  await body.next();
  await sleep(300);
  // What lies in the buffers of both ends and of the kernel between them.
  expect(sent).toBeLessThan(60_000_000);
  let received = 0;
  for await (const piece of body) received += piece.length;
  expect(received).toBeGreaterThan(190_000_000);
  http.close();
});
