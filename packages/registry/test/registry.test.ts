import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf, mediaTypes } from '@estiba/image-spec';
import { expect, test } from 'vitest';
import { Registry } from '../src/registry.ts';
import { codeOf, makeParts, pushBlob, pushManifest, scratchLayout, store } from './client.ts';

test('a registry says that it is one', async () => {
  await using registry = await Registry.start();
  const response = await fetch(`${registry.url}/v2/`);
  expect([response.status, await response.json()]).toEqual([200, {}]);
});

test('a port that is taken is an error', async () => {
  await using registry = await Registry.start();
  const port = Number(new URL(registry.url).port);
  await expect(Registry.start({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test.each(['memory', 'a layout'])('what is pushed into %s can be pulled', async (where) => {
  await using layout = await scratchLayout();
  await using registry = await Registry.start(where === 'memory' ? {} : { storage: layout });
  const { blobs, manifest } = makeParts();
  for (const blob of blobs) expect((await pushBlob(registry, 'demo/app', blob)).status).toBe(201);
  expect((await pushManifest(registry, 'demo/app', '1', manifest)).status).toBe(201);

  for (const reference of ['1', digestOf(manifest)]) {
    const response = await fetch(`${registry.url}/v2/demo/app/manifests/${reference}`);
    expect(response.headers.get('content-type')).toBe(mediaTypes.manifest);
    expect(response.headers.get('docker-content-digest')).toBe(digestOf(manifest));
    expect(Buffer.from(await response.arrayBuffer())).toEqual(manifest);
  }
  for (const blob of blobs) {
    const response = await fetch(`${registry.url}/v2/demo/app/blobs/${digestOf(blob)}`);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(blob);
  }
});

test('a layout is served again by the next registry', async () => {
  await using layout = await scratchLayout();
  const { blobs, manifest } = makeParts();
  {
    await using registry = await Registry.start({ storage: layout });
    for (const blob of blobs) await pushBlob(registry, 'demo/app', blob);
    await pushManifest(registry, 'demo/app', '1', manifest);
  }
  await using next = await Registry.start({ storage: layout });
  expect((await fetch(`${next.url}/v2/demo/app/manifests/1`)).status).toBe(200);
  expect((await layout.image('demo/app:1')).descriptor.digest).toBe(digestOf(manifest));
});

test('an image that lies in a layout is served without being copied', async () => {
  await using layout = await scratchLayout();
  await using registry = await Registry.start();
  const parts = makeParts();
  const name = await registry.add('demo/app:1', layout, await store(layout, parts));
  expect(name).toBe(`${registry.host}/demo/app:1`);
  const [layer] = parts.blobs;
  const response = await fetch(`${registry.url}/v2/demo/app/blobs/${digestOf(layer as Buffer)}`);
  expect(Buffer.from(await response.arrayBuffer())).toEqual(layer);
});

test('HEAD tells type, size and digest', async () => {
  await using layout = await scratchLayout();
  await using registry = await Registry.start();
  const parts = makeParts();
  await registry.add('demo/app:1', layout, await store(layout, parts));
  const response = await fetch(`${registry.url}/v2/demo/app/manifests/1`, { method: 'HEAD' });
  expect(response.headers.get('content-length')).toBe(String(parts.manifest.length));
  expect(await response.text()).toBe('');
});

test('a blob is served from the middle on', async () => {
  await using registry = await Registry.start();
  const blob = Buffer.from('0123456789');
  await pushBlob(registry, 'demo/app', blob);
  const address = `${registry.url}/v2/demo/app/blobs/${digestOf(blob)}`;
  const rest = await fetch(address, { headers: { range: 'bytes=7-' } });
  expect([rest.status, rest.headers.get('content-range'), await rest.text()]).toEqual([206, 'bytes 7-9/10', '789']);
  const beyond = await fetch(address, { headers: { range: 'bytes=10-' } });
  expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */10']);
});

test('what is not there is an error of the specification', async () => {
  await using registry = await Registry.start();
  const get = async (path: string) => codeOf(await fetch(`${registry.url}/v2/${path}`));
  expect(await get('demo/app/manifests/1')).toBe('MANIFEST_UNKNOWN');
  expect(await get(`demo/app/blobs/${digestOf('x')}`)).toBe('BLOB_UNKNOWN');
  expect(await get('demo/app/blobs/sha256:x')).toBe('DIGEST_INVALID');
  expect(await get('demo/app/tags/list')).toBe('NAME_UNKNOWN');
  expect(await get('Demo/manifests/1')).toBe('NAME_INVALID');
});

test('a manifest is taken only if its blobs are there and it is what it says', async () => {
  await using registry = await Registry.start();
  const { blobs, manifest } = makeParts();
  expect(await codeOf(await pushManifest(registry, 'demo/app', '1', manifest))).toBe('MANIFEST_BLOB_UNKNOWN');
  for (const blob of blobs) await pushBlob(registry, 'demo/app', blob);
  expect(await codeOf(await pushManifest(registry, 'demo/app', digestOf('x'), manifest))).toBe('DIGEST_INVALID');
  expect(await codeOf(await pushManifest(registry, 'demo/app', '1', Buffer.from('{}')))).toBe('MANIFEST_INVALID');
  expect((await pushManifest(registry, 'demo/app', '1', Buffer.alloc(5_000_000))).status).toBe(413);
  expect((await fetch(`${registry.url}/v2/demo/app/manifests/1`)).status).toBe(404);
});

test('tags are listed page by page', async () => {
  await using layout = await scratchLayout();
  await using registry = await Registry.start();
  const descriptor = await store(layout, makeParts());
  for (const tag of ['b', 'a', 'c']) await registry.add(`demo/app:${tag}`, layout, descriptor);
  const first = await fetch(`${registry.url}/v2/demo/app/tags/list?n=2`);
  expect(await first.json()).toEqual({ name: 'demo/app', tags: ['a', 'b'] });
  const next = /<([^>]+)>/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
  const second = await fetch(new URL(next, registry.url));
  expect([await second.json(), second.headers.get('link')]).toEqual([{ name: 'demo/app', tags: ['c'] }, null]);
});

test('a closed registry answers no more, even on open connections', async () => {
  const registry = await Registry.start();
  registry.fail({ delay: 10_000 });
  const waiting = fetch(`${registry.url}/v2/`).catch(() => 'cut');
  await sleep(50);
  await registry.close();
  expect(await waiting).toBe('cut');
  await expect(fetch(`${registry.url}/v2/`)).rejects.toThrow();
});

test.each(['OPTIONS * HTTP/1.1', 'GET http://elsewhere/v2/ HTTP/1.1', 'GET http://[ HTTP/1.1', 'GET //x:y/ HTTP/1.1'])(
  'a request for what is no path is answered, as any: %s',
  async (line) => {
    await using registry = await Registry.start();
    const socket = connect(Number(registry.host.split(':')[1]), '127.0.0.1');
    socket.write(`${line}\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1.1 40[04] /);
  },
);

test.each(['/v2/a/manifests/%ff', '/v2/a/blobs/%'])('a path that cannot be decoded is refused: %s', async (path) => {
  await using registry = await Registry.start();
  expect((await fetch(registry.url + path)).status).toBe(400);
});

test('requests are remembered, but not without end', async () => {
  await using registry = await Registry.start();
  const socket = connect(Number(registry.host.split(':')[1]), '127.0.0.1');
  const count = 10_050;
  socket.end(`${'HEAD /v2/ HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(count - 1)}HEAD /last HTTP/1.1\r\nHost: x\r\n\r\n`);
  await text(socket);
  expect([registry.requests.length, registry.requests.at(-1)?.path]).toEqual([10_000, '/last']);
});

test.each(['Demo/App:1', 'demo/app:no tag', `demo@${digestOf('x')}`, 'localhost:5000/app:1', ''])(
  'an image cannot be added as "%s"',
  async (name) => {
    await using layout = await scratchLayout();
    await using registry = await Registry.start();
    const image = await store(layout, makeParts());
    await expect(registry.add(name, layout, image)).rejects.toMatchObject({ code: 'REFERENCE_INVALID' });
  },
);

test('a blob that its source turns out not to have is unknown', async () => {
  await using layout = await scratchLayout();
  await using registry = await Registry.start();
  const { blobs, manifest } = makeParts();
  await registry.add('demo/app:1', layout, await store(layout, { blobs: blobs.slice(1), manifest }));
  const response = await fetch(`${registry.url}/v2/demo/app/blobs/${digestOf(blobs[0] as Buffer)}`);
  expect([response.status, await codeOf(response)]).toEqual([404, 'BLOB_UNKNOWN']);
});

test('a range is one of GET alone', async () => {
  await using layout = await scratchLayout();
  await using registry = await Registry.start();
  const parts = makeParts();
  await registry.add('demo/app:1', layout, await store(layout, parts));
  const url = `${registry.url}/v2/demo/app/blobs/${digestOf(parts.blobs[0] as Buffer)}`;
  const headers = { range: 'bytes=0-1' };
  const statuses = [(await fetch(url, { method: 'HEAD', headers })).status, (await fetch(url, { headers })).status];
  expect(statuses).toEqual([200, 206]);
});
