import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '@estiba/image-spec';
import { expect, test } from 'vitest';
import { Registry } from '../src/registry.ts';
import { codeOf, pushBlob, scratchLayout } from './client.ts';

const blob = Buffer.from('0123456789');

async function begin({ url }: Registry): Promise<URL> {
  const response = await fetch(`${url}/v2/demo/app/blobs/uploads/`, { method: 'POST' });
  expect(response.status).toBe(202);
  return new URL(response.headers.get('location') ?? '', url);
}

function patch(location: URL, content: string, range?: string): Promise<Response> {
  return fetch(location, {
    method: 'PATCH',
    body: content,
    headers: range === undefined ? {} : { 'content-range': range },
  });
}

function end(location: URL, digest: string): Promise<Response> {
  return fetch(`${location.href}?digest=${digest}`, { method: 'PUT' });
}

test.each(['memory', 'a layout'])('a blob is put together from pieces in %s', async (where) => {
  await using layout = await scratchLayout();
  await using registry = await Registry.start(where === 'memory' ? {} : { storage: layout });
  const location = await begin(registry);
  const first = await patch(location, '01234', '0-4');
  expect([first.status, first.headers.get('range')]).toEqual([202, '0-4']);
  expect((await patch(location, '56789', '5-9')).headers.get('range')).toBe('0-9');
  expect((await end(location, digestOf(blob))).status).toBe(201);
  const response = await fetch(`${registry.url}/v2/demo/app/blobs/${digestOf(blob)}`);
  expect(await response.text()).toBe('0123456789');
});

test('a piece out of order is refused, and the upload goes on', async () => {
  await using registry = await Registry.start();
  const location = await begin(registry);
  await patch(location, '01234', '0-4');
  const wrong = await patch(location, '6789', '6-9');
  expect([wrong.status, wrong.headers.get('range')]).toEqual([416, '0-4']);
  const status = await fetch(location);
  expect([status.status, status.headers.get('range')]).toEqual([204, '0-4']);
  await patch(location, '56789', '5-9');
  expect((await end(location, digestOf(blob))).status).toBe(201);
});

test('a whole blob is taken with one request', async () => {
  await using registry = await Registry.start();
  const address = `${registry.url}/v2/demo/app/blobs/uploads/?digest=${digestOf(blob)}`;
  expect((await fetch(address, { method: 'POST', body: blob })).status).toBe(201);
});

test('a blob that is there is mounted instead of sent', async () => {
  await using registry = await Registry.start();
  await pushBlob(registry, 'demo/app', blob);
  const mount = (digest: string) =>
    fetch(`${registry.url}/v2/demo/other/blobs/uploads/?mount=${digest}&from=demo/app`, { method: 'POST' });
  expect((await mount(digestOf(blob))).status).toBe(201);
  expect((await mount(digestOf('absent'))).status).toBe(202);
});

test.each(['memory', 'a layout'])('a blob of the wrong digest is refused and leaves nothing in %s', async (where) => {
  await using layout = await scratchLayout();
  await using registry = await Registry.start(where === 'memory' ? {} : { storage: layout });
  expect(await codeOf(await pushBlob(registry, 'demo/app', blob, digestOf('other')))).toBe('DIGEST_INVALID');
  const location = await begin(registry);
  await patch(location, '01234');
  expect(await codeOf(await end(location, digestOf('other')))).toBe('DIGEST_INVALID');
  expect(await codeOf(await end(await begin(registry), 'nonsense'))).toBe('DIGEST_INVALID');
  for (const digest of [digestOf('other'), digestOf(blob), digestOf('01234')]) {
    expect((await fetch(`${registry.url}/v2/demo/app/blobs/${digest}`, { method: 'HEAD' })).status).toBe(404);
  }
  expect(await readdir(join(layout.directory, '.ingest'))).toEqual([]);
});

test('an upload that is cancelled, or open when the registry closes, leaves nothing', async () => {
  await using layout = await scratchLayout();
  {
    await using registry = await Registry.start({ storage: layout });
    const cancelled = await begin(registry);
    await patch(cancelled, '01234');
    expect((await fetch(cancelled, { method: 'DELETE' })).status).toBe(204);
    expect((await fetch(cancelled)).status).toBe(404);
    await patch(await begin(registry), '01234');
    expect(await readdir(join(layout.directory, '.ingest'))).toHaveLength(1);
  }
  expect(await readdir(join(layout.directory, '.ingest'))).toEqual([]);
});
