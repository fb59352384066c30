import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '@estiba/image-spec';
import { expect, test, vi } from 'vitest';
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
  const address = new URL(location);
  address.searchParams.set('digest', digest);
  return fetch(address, { method: 'PUT' });
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

test('a chunk is as long as it says', async () => {
  await using registry = await Registry.start();
  const location = await begin(registry);
  expect((await patch(location, '01234', '0-9')).status).toBe(400);
  expect((await patch(location, '01234', 'bytes 0-4/10')).status).toBe(400);
  expect((await patch(location, '', '0-0')).status).toBe(400);
  expect((await fetch(location)).headers.get('range')).toBe('0-0');
  expect((await patch(location, '01234', '0-4')).status).toBe(202);
});

test('only the last chunk may be short, where a registry says so', async () => {
  await using registry = await Registry.start({ minChunkBytes: 5 });
  const begun = await fetch(`${registry.url}/v2/demo/app/blobs/uploads/`, { method: 'POST' });
  expect(begun.headers.get('oci-chunk-min-length')).toBe('5');
  const location = new URL(begun.headers.get('location') ?? '', registry.url);
  expect((await patch(location, '01234', '0-4')).status).toBe(202);
  expect((await patch(location, '567', '5-7')).status).toBe(202);
  expect(await codeOf(await patch(location, '89', '8-9'))).toBe('SIZE_INVALID');
  expect((await end(location, digestOf('01234567'))).status).toBe(201);
});

test.each(['memory', 'a layout'])('a blob that is too long is refused and leaves nothing in %s', async (where) => {
  await using layout = await scratchLayout();
  const storage = where === 'memory' ? {} : { storage: layout };
  await using registry = await Registry.start({ ...storage, maxBlobBytes: 9 });
  expect((await pushBlob(registry, 'demo/app', blob)).status).toBe(413);
  const location = await begin(registry);
  expect((await patch(location, '01234', '0-4')).status).toBe(202);
  // Without a length, so that it shows only on the way.
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(Buffer.from('56789'));
      controller.close();
    },
  });
  expect((await fetch(location, { method: 'PATCH', body, duplex: 'half' } as RequestInit)).status).toBe(413);
  expect((await fetch(location)).status).toBe(404);
  expect(await readdir(join(layout.directory, '.ingest'))).toEqual([]);
});

test('an upload goes on where its connection broke', async () => {
  await using registry = await Registry.start();
  const location = await begin(registry);
  registry.fail({ method: 'PATCH', cutUploadAfter: 4 });
  await expect(patch(location, '0123456', '0-6')).rejects.toThrow();
  const status = await fetch(location);
  expect(status.headers.get('range')).toBe('0-3');
  expect((await patch(location, '456789', '4-9')).status).toBe(202);
  expect((await end(location, digestOf(blob))).status).toBe(201);
});

test('an upload belongs to its repository, and goes on where the last answer said', async () => {
  await using registry = await Registry.start();
  const location = await begin(registry);
  const elsewhere = new URL(location.href.replace('demo/app', 'demo/other'));
  expect((await patch(elsewhere, '01234')).status).toBe(404);
  expect(await codeOf(await patch(new URL(location.pathname, location), '01234'))).toBe('BLOB_UPLOAD_UNKNOWN');
  expect((await patch(location, '01234')).status).toBe(202);
});

test('pieces that are sent at once do not mix', async () => {
  await using registry = await Registry.start();
  const location = await begin(registry);
  registry.fail({ method: 'PATCH', uploadBytesPerSecond: 20, times: 2 });
  const answers = await Promise.all([patch(location, '01234'), patch(location, 'abcde')]);
  expect(answers.map(({ status }) => status)).toEqual([202, 202]);
  const ended = [await end(location, digestOf('01234abcde')), await end(location, digestOf('abcde01234'))];
  expect(ended.map(({ status }) => status)).toContain(201);
});

test('a registry can be without chunks, single requests and mounts, as older ones are', async () => {
  await using registry = await Registry.start({ lacks: ['chunks', 'single-post', 'mount'] });
  const digest = digestOf(blob);
  const single = await fetch(`${registry.url}/v2/demo/app/blobs/uploads/?digest=${digest}`, {
    method: 'POST',
    body: blob,
  });
  expect(single.status).toBe(202);
  expect((await patch(await begin(registry), '01234', '0-4')).status).toBe(405);
  expect((await pushBlob(registry, 'demo/app', blob)).status).toBe(201);
  const mounted = await fetch(`${registry.url}/v2/demo/b/blobs/uploads/?mount=${digest}&from=demo/app`, {
    method: 'POST',
  });
  expect(mounted.status).toBe(202);
});

test('an upload that nobody goes on with is given up after an hour', async () => {
  await using layout = await scratchLayout();
  await using registry = await Registry.start({ storage: layout });
  const location = await begin(registry);
  await patch(location, '01234');
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    vi.setSystemTime(Date.now() + 59 * 60 * 1000);
    await begin(registry);
    expect((await fetch(location)).status).toBe(204);
    vi.setSystemTime(Date.now() + 61 * 60 * 1000);
    await begin(registry);
    expect((await fetch(location)).status).toBe(404);
    expect(await readdir(join(layout.directory, '.ingest'))).toEqual([]);
  } finally {
    vi.useRealTimers();
  }
});

test('an upload that is cancelled takes nothing more of what is on its way', async () => {
  await using registry = await Registry.start();
  const location = await begin(registry);
  let more = () => {};
  const pieces = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(Buffer.from('01234'));
      more = () => {
        controller.enqueue(Buffer.from('56789'));
        controller.close();
      };
    },
  });
  const patching = fetch(location, { method: 'PATCH', body: pieces, duplex: 'half' });
  await vi.waitFor(() => expect(registry.requests.at(-1)?.bytesReceived).toBe(5));
  expect((await fetch(location, { method: 'DELETE' })).status).toBe(204);
  more();
  const refused = await patching;
  expect([refused.status, await codeOf(refused)]).toEqual([404, 'BLOB_UPLOAD_UNKNOWN']);
});
