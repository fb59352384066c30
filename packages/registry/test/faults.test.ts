import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BlobSource, digestOf } from '@estiba/image-spec';
import { expect, test } from 'vitest';
import type { Fault } from '../src/faults.ts';
import { Registry } from '../src/registry.ts';
import { makeParts, pushBlob, scratchLayout, store } from './client.ts';

const blob = Buffer.from('0123456789');

async function get(fault: Fault, headers: Record<string, string> = {}): Promise<Response> {
  const registry = await Registry.start();
  await pushBlob(registry, 'demo/app', blob);
  registry.fail(fault);
  const options = { headers, redirect: 'manual' as const };
  const response = await fetch(`${registry.url}/v2/demo/app/blobs/${digestOf(blob)}`, options);
  const body = await response.arrayBuffer().catch(() => undefined);
  await registry.close();
  return Object.assign(response, {
    text: async () => (body === undefined ? 'cut' : Buffer.from(body).toString('latin1')),
  });
}

test('a body is cut', async () => {
  expect(await (await get({ cutAfter: 4 })).text()).toBe('cut');
});

test('a body ends too early without a sign of it', async () => {
  const response = await get({ endAfter: 4 });
  expect([response.headers.get('content-length'), await response.text()]).toEqual(['4', '0123']);
  expect((await get({ endAfter: 4 }, { range: 'bytes=4-' })).status).toBe(416);
});

test('one byte is wrong', async () => {
  expect(await (await get({ corruptAt: 3 })).text()).toBe('012\xcc456789');
});

test('a range is ignored', async () => {
  const response = await get({ ignoreRange: true }, { range: 'bytes=4-' });
  expect([response.status, await response.text()]).toEqual([200, '0123456789']);
});

test('a body comes slowly', async () => {
  const started = performance.now();
  expect(await (await get({ bytesPerSecond: 40 })).text()).toBe('0123456789');
  expect(performance.now() - started).toBeGreaterThan(150);
});

test('the answer is another one', async () => {
  const response = await get({ status: 429, headers: { 'retry-after': '7' }, body: 'later' });
  expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([429, '7', 'later']);
});

test('the reader is sent somewhere else', async () => {
  const response = await get({ redirect: 'http://127.0.0.1:9' });
  expect(response.status).toBe(307);
  expect(response.headers.get('location')).toBe(`http://127.0.0.1:9/v2/demo/app/blobs/${digestOf(blob)}`);
});

test('a fault hits what it is meant for, as often as told', async () => {
  await using registry = await Registry.start();
  registry.fail({ method: 'HEAD', status: 500 });
  registry.fail({ path: /^\/v2\/x/, status: 501 });
  registry.fail({ path: '/v2/', status: 502, times: 2 });
  const ask = async () => (await fetch(`${registry.url}/v2/`)).status;
  expect([await ask(), await ask(), await ask()]).toEqual([502, 502, 200]);
  registry.fail({ status: 500, times: 9 });
  registry.heal();
  expect(await ask()).toBe(200);
});

test.each([
  ['slow', { bytesPerSecond: 1e9 }],
  ['short', { endAfter: 10 }],
  ['as it is', undefined],
])('a blob that is sent %s is closed when its reader has gone before it', async (_, fault) => {
  await using layout = await scratchLayout();
  await using registry = await Registry.start();
  const parts = makeParts();
  const streams: Readable[] = [];
  const { promise: gone, resolve: goAway } = Promise.withResolvers<void>();
  const source: BlobSource = {
    async blob(descriptor, options) {
      const stream = await layout.blob(descriptor, options);
      streams.push(stream);
      if (descriptor.size === parts.blobs[0]?.length) await gone;
      return stream;
    },
  };
  await registry.add('demo/app:1', source, await store(layout, parts));
  if (fault !== undefined) registry.fail({ path: '/blobs/', ...fault });
  const signal = AbortSignal.timeout(50);
  const url = `${registry.url}/v2/demo/app/blobs/${digestOf(parts.blobs[0] ?? '')}`;
  await expect(fetch(url, { signal })).rejects.toThrow();
  await sleep(50);
  goAway();
  expect(streams.length).toBe(2);
  await expect.poll(() => streams.every(({ closed }) => closed)).toBe(true);
});
