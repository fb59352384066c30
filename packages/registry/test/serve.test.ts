import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Registry } from '../src/registry.ts';

async function send(registry: Registry, head: string): Promise<Socket> {
  const socket = connect(Number(registry.host.split(':')[1]), '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(`${head}\r\nHost: x\r\n\r\n`);
  return socket;
}

test('a body that is not read to its end does not keep the answer from coming', async () => {
  await using registry = await Registry.start({ maxManifestBytes: 1000 });
  const socket = await send(registry, 'PUT /v2/demo/manifests/1 HTTP/1.1\r\nContent-Length: 50000');
  socket.write(Buffer.alloc(10_000));
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1.1 413 /);
  socket.destroy();
});

test.each(['tags/list', 'manifests/1'])('a body that nobody wants is not read without end at %s', async (path) => {
  await using registry = await Registry.start();
  const socket = await send(registry, `PUT /v2/demo/${path} HTTP/1.1\r\nContent-Length: 1000000000000`);
  const closed = once(socket, 'close');
  const piece = Buffer.alloc(1024 * 1024);
  let sent = 0;
  for (; !socket.destroyed && sent < 200; sent++) {
    if (!socket.write(piece)) await Promise.race([once(socket, 'drain'), closed, sleep(5000)]).catch(() => {});
  }
  expect(sent).toBeLessThan(100);
});

test('a connection serves the next request after a body that nobody wanted', async () => {
  await using registry = await Registry.start();
  const socket = await send(registry, 'PUT /v2/demo/tags/list HTTP/1.1\r\nContent-Length: 100000');
  socket.write(Buffer.alloc(100_000));
  expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1.1 405 /);
  socket.write('GET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  let text = '';
  for await (const chunk of socket as AsyncIterable<Buffer>) text += chunk;
  expect(text).toContain('HTTP/1.1 200 ');
});
