import { connect } from 'node:net';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BlobSource, digestOf } from '@estiba/image-spec';
import { expect, test } from 'vitest';
import type { Fault } from '../src/fault.ts';
import { Registry } from '../src/registry.ts';
import { ask, location } from './ask.ts';
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

test('a fault lets requests pass before it hits', async () => {
  await using registry = await Registry.start();
  registry.fail({ path: '/v2/', after: 2, status: 500 });
  const statuses = [];
  for (let each = 0; each < 4; each++) statuses.push((await fetch(`${registry.url}/v2/`)).status);
  expect(statuses).toEqual([200, 200, 500, 200]);
});

test.each([
  [3, /^3$/],
  [new Date('2031-05-06T07:08:09Z'), /^Tue, 06 May 2031 07:08:09 GMT$/],
])('a registry wants to be left alone until %s', async (retryAfter, header) => {
  const response = await get({ status: 429, retryAfter });
  expect([response.status, response.headers.get('retry-after')]).toEqual([429, expect.stringMatching(header)]);
});

test('a header is another one, and the rest stays', async () => {
  const response = await get({ headers: { 'content-range': 'bytes 0-9/99' } }, { range: 'bytes=4-' });
  expect([response.status, response.headers.get('content-range'), await response.text()]).toEqual([
    206,
    'bytes 0-9/99',
    '456789',
  ]);
});

test('headers are large, and many', async () => {
  expect((await get({ headerBytes: 10_000 })).headers.get('x-long')).toHaveLength(10_000);
  const { headers } = await get({ headerCount: 100 });
  expect([...headers.keys()].filter((name) => name.startsWith('x-more-'))).toHaveLength(100);
});

test('a body, or the headers, have no end', async () => {
  await using registry = await Registry.start();
  for (const [fault, bytes] of [
    [{ endless: true }, 20_000_000],
    [{ endlessHeaders: true }, 2_000_000],
  ] as const) {
    registry.fail(fault);
    const socket = connect(Number(registry.host.split(':')[1]), '127.0.0.1');
    socket.write('GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n');
    let received = 0;
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      received += chunk.length;
      if (received > bytes) break;
    }
    expect(received).toBeGreaterThan(bytes);
  }
});

test('a request is never answered, or its connection breaks at once', async () => {
  await using registry = await Registry.start();
  registry.fail({ hang: true });
  const signal = AbortSignal.timeout(100);
  await expect(fetch(`${registry.url}/v2/`, { signal })).rejects.toMatchObject({ name: 'TimeoutError' });
  registry.fail({ reset: true });
  await expect(fetch(`${registry.url}/v2/`)).rejects.toThrow('fetch failed');
  expect(registry.requests.map(({ status }) => status)).toEqual([undefined, undefined]);
});

test('content lies on a second origin, which asks nobody who he is', async () => {
  await using registry = await Registry.start({ access: { username: 'ann', password: 'secret', scheme: 'basic' } });
  const authorization = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
  const digest = digestOf(blob);
  const path = `${registry.url}/v2/demo/app/blobs/`;
  await fetch(`${path}uploads/?digest=${digest}`, { method: 'POST', body: blob, headers: { authorization } });
  registry.fail({ path: '/blobs/sha256', redirect: 'elsewhere', times: Infinity });
  const response = await fetch(path + digest, { headers: { authorization } });
  expect([response.status, await response.text()]).toEqual([200, '0123456789']);
  expect(new URL(response.url).origin).toBe(await registry.elsewhere());
  expect(registry.requests.slice(-2).map(({ server, status }) => [server, status])).toEqual([
    ['registry', 307],
    ['elsewhere', 200],
  ]);
});

test('an upload goes on at a second origin', async () => {
  await using registry = await Registry.start();
  registry.fail({ method: 'POST', uploadElsewhere: true });
  expect((await pushBlob(registry, 'demo/app', blob)).status).toBe(201);
  expect(registry.requests.map(({ method, server }) => [method, server])).toEqual([
    ['POST', 'registry'],
    ['PUT', 'elsewhere'],
  ]);
});

test('a token runs out in the middle of an upload', async () => {
  await using registry = await Registry.start({ access: { username: 'ann', password: 'secret' } });
  const login = async () => {
    const headers = { authorization: `Basic ${Buffer.from('ann:secret').toString('base64')}` };
    const scope = 'repository:demo:pull,push';
    const granted = await ask(registry, 'GET', `/token?scope=${scope}`, { headers });
    return { authorization: `Bearer ${granted.json().token}` };
  };
  const headers = await login();
  registry.fail({ method: 'PATCH', after: 1, expireTokens: true });
  const begun = await ask(registry, 'POST', 'demo/blobs/uploads/', { headers });
  const first = await ask(registry, 'PATCH', location(begun), { headers, body: '01234' });
  expect((await ask(registry, 'PATCH', location(first), { headers, body: '56789' })).status).toBe(401);
  const renewed = await login();
  const second = await ask(registry, 'PATCH', location(first), { headers: renewed, body: '56789' });
  const put = await ask(registry, 'PUT', location(second, { digest: digestOf(blob) }), { headers: renewed });
  expect(put.status).toBe(201);
});

test('an upload is taken slowly', async () => {
  await using registry = await Registry.start();
  registry.fail({ method: 'PUT', uploadBytesPerSecond: 40 });
  const started = performance.now();
  expect((await pushBlob(registry, 'demo/app', blob)).status).toBe(201);
  expect(performance.now() - started).toBeGreaterThan(150);
});

test('what is sent and received is counted', async () => {
  await using registry = await Registry.start();
  await pushBlob(registry, 'demo/app', Buffer.alloc(3_000_000));
  const digest = digestOf(Buffer.alloc(3_000_000));
  registry.fail({ path: digest, method: 'GET', cutAfter: 1_500_000 });
  const address = `${registry.url}/v2/demo/app/blobs/${digest}`;
  await expect(fetch(address).then((response) => response.arrayBuffer())).rejects.toThrow();
  await (await fetch(address, { headers: { range: 'bytes=2999990-' } })).arrayBuffer();
  const [, put, cut, rest] = registry.requests;
  expect([put?.bytesReceived, put?.status]).toEqual([3_000_000, 201]);
  expect([cut?.bytesSent, cut?.range]).toEqual([1_500_000, undefined]);
  expect([rest?.bytesSent, rest?.range, rest?.status]).toEqual([10, 'bytes=2999990-', 206]);
});

test('a pattern hits each time, whatever its flags', async () => {
  await using registry = await Registry.start();
  registry.fail({ path: /v2/g, status: 503, times: Infinity });
  for (let time = 0; time < 3; time += 1) expect((await fetch(`${registry.url}/v2/`)).status).toBe(503);
});
