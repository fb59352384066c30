import { buffer } from 'node:stream/consumers';
import type { Descriptor, ImageLayout } from '@estiba/image-spec';
import { type Fault, Registry, type RegistryOptions } from '@estiba/registry';
import { expect, test } from 'vitest';
import { RegistryClient, type RegistryClientOptions } from '../src/client.ts';
import type { CredentialsRequest } from '../src/credentials.ts';
import type { RegistryEvent } from '../src/events.ts';
import type { PulledLayer } from '../src/pull.ts';
import { makeImage, scratchLayout } from './fixture.ts';
import { nowhere } from './made.ts';

interface Setting extends AsyncDisposable {
  readonly from: ImageLayout;
  readonly into: ImageLayout;
  readonly registry: Registry;
  readonly mirror: Registry;
  readonly descriptor: Descriptor;
  readonly name: string;
  readonly events: RegistryEvent[];
  client(options?: RegistryClientOptions): RegistryClient;
}

/** A registry and a mirror that both have an image. */
async function setting(registryOptions: RegistryOptions = {}, mirrorOptions: RegistryOptions = {}): Promise<Setting> {
  const [from, into] = await Promise.all([scratchLayout(), scratchLayout()]);
  const [registry, mirror] = await Promise.all([Registry.start(registryOptions), Registry.start(mirrorOptions)]);
  const descriptor = await makeImage(from, [100_000, 50_000]);
  const name = await registry.add('demo/app:1', from, descriptor);
  await mirror.add('demo/app:1', from, descriptor);
  const events: RegistryEvent[] = [];
  const mirrors = { [registry.host]: [mirror.host] };
  return {
    from,
    into,
    registry,
    mirror,
    descriptor,
    name,
    events,
    client: (options) =>
      new RegistryClient({ retryDelay: 1, retries: 1, mirrors, onEvent: (event) => events.push(event), ...options }),
    async [Symbol.asyncDispose]() {
      for (const each of [registry, mirror]) await each.close();
      for (const layout of [from, into] as (ImageLayout & AsyncDisposable)[]) await layout[Symbol.asyncDispose]();
    },
  };
}

test('what the mirror has is not asked of the registry, and the mirror is told of whom it is', async () => {
  await using given = await setting();
  using client = given.client();
  await client.pull(given.name, { into: given.into });
  expect(given.registry.requests).toEqual([]);
  const asked = given.mirror.requests.map(({ path }) => new URL(path, 'http://x').searchParams.get('ns'));
  expect(new Set(asked)).toEqual(new Set([given.registry.host]));
  expect(given.events).toEqual([]);
});

test('what the mirror does not have is asked of the registry, and the mirror is asked again for the rest', async () => {
  await using given = await setting();
  given.mirror.fail({ path: '/manifests/', status: 404 });
  using client = given.client();
  await client.pull(given.name, { into: given.into });
  expect(given.registry.requests.map(({ path }) => path)).toEqual(['/v2/demo/app/manifests/1']);
  expect(given.events).toMatchObject([{ type: 'mirror-failed', mirror: given.mirror.host, error: { status: 404 } }]);
});

test('a mirror that is not there is not waited for again and again', async () => {
  await using given = await setting();
  await given.mirror.close();
  using client = given.client();
  await client.pull(given.name, { into: given.into, concurrency: 1 });
  expect(given.events.map(({ type }) => type)).toEqual(['mirror-failed']);
});

test('mirrors are asked in their order', async () => {
  await using given = await setting();
  const first = await Registry.start();
  try {
    using client = given.client({ mirrors: { [given.registry.host]: [first.host, given.mirror.host] } });
    await client.resolve(given.name);
    expect(first.requests.length).toBe(1);
    expect(given.mirror.requests.length).toBe(1);
    expect(given.registry.requests).toEqual([]);
  } finally {
    await first.close();
  }
});

test('a blob that breaks off at the mirror goes on at the registry', async () => {
  await using given = await setting();
  // After the configuration.
  given.mirror.fail({ path: '/blobs/', after: 1, cutAfter: 40_000 });
  given.mirror.fail({ path: '/blobs/', after: 1, status: 503, times: 99 });
  using client = given.client();
  await client.pull(given.name, { into: given.into, concurrency: 1 });
  expect(given.registry.requests.some(({ headers }) => headers.range !== undefined)).toBe(true);
});

test('a mirror of digests is not asked what a tag means', async () => {
  await using given = await setting();
  const mirrors = { [given.registry.host]: [{ location: given.mirror.host, digestsOnly: true }] };
  using client = given.client({ mirrors });
  await client.pull(given.name, { into: given.into });
  expect(given.registry.requests.map(({ path }) => path)).toEqual(['/v2/demo/app/manifests/1']);
  expect(given.mirror.requests.every(({ path }) => path.includes('sha256:'))).toBe(true);
});

test('a mirror may keep everything below a name of its own', async () => {
  await using given = await setting();
  await given.mirror.add('hub/mine/demo/app:1', given.from, given.descriptor);
  using client = given.client({ mirrors: { [given.registry.host]: [`${given.mirror.host}/hub/mine`] } });
  await client.resolve(given.name);
  expect(given.mirror.requests.map(({ path }) => path)).toEqual([
    `/v2/hub/mine/demo/app/manifests/1?ns=${encodeURIComponent(given.registry.host)}`,
  ]);
});

test('a mirror never gets the credentials of the registry', async () => {
  const ann = { username: 'ann', password: 'open sesame' };
  for (const scheme of ['basic', 'bearer'] as const) {
    const access = { ...ann, scheme };
    await using given = await setting({ access }, { access });
    using plain = given.client({ credentials: ann });
    await plain.resolve(given.name);
    const asked: [string, CredentialsRequest | undefined][] = [];
    using careful = given.client({
      credentials: async (registry, request) => {
        asked.push([registry, request]);
        return registry === given.registry.host ? ann : undefined;
      },
    });
    await careful.resolve(given.name);
    expect(asked.map(([registry, request]) => [registry, request?.mirror])).toEqual([
      [given.mirror.host, true],
      [given.registry.host, false],
    ]);
    const sent = given.mirror.requests.map(({ headers }) => headers.authorization);
    expect(sent.length).toBeGreaterThan(0);
    expect(sent.filter((authorization) => authorization !== undefined)).toEqual([]);
  }
});

test('a mirror has credentials of its own', async () => {
  const bob = { username: 'bob', password: 'other' };
  await using given = await setting({}, { access: { ...bob, scheme: 'basic' } });
  using client = given.client({ credentials: async (registry) => (registry === given.mirror.host ? bob : undefined) });
  await client.resolve(given.name);
  expect(given.registry.requests).toEqual([]);
});

test('nothing is written to a mirror', async () => {
  await using given = await setting();
  using client = given.client();
  await client.push(given.descriptor, `${given.registry.host}/demo/other:1`, { from: given.from });
  expect(given.mirror.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD')).toEqual([]);
  expect(given.registry.requests.some(({ method }) => method === 'PUT')).toBe(true);
});

test.each<[string, Fault, by?: 'tag']>([
  ['another manifest than was asked for', { path: '/manifests/sha256:', corruptAt: 40 }],
  ['what it says is another', { path: '/manifests/', headers: { 'docker-content-digest': nowhere } }, 'tag'],
  ['no manifest', { path: '/manifests/', status: 200, body: '<html>' }],
  ['a manifest that breaks off', { path: '/manifests/', cutAfter: 20 }],
  ['packed content', { path: '/blobs/', headers: { 'content-encoding': 'br' } }],
  ['a wrong blob', { path: '/blobs/', corruptAt: 50 }],
  ['a blob that is too long', { path: '/blobs/', endless: true }],
  ['a blob that is too short', { path: '/blobs/', endAfter: 50 }],
])('a mirror that sends %s is passed over', async (_, fault, by) => {
  await using given = await setting();
  given.mirror.fail({ method: 'GET', times: 99, ...fault });
  using client = given.client();
  const reference = `${given.name.replace(/:1$/, '')}@${given.descriptor.digest}`;
  const image = await client.pull(by === 'tag' ? given.name : reference, { into: given.into, concurrency: 1 });
  expect(image.descriptor.digest).toBe(given.descriptor.digest);
  const { host } = given.mirror;
  const failed = given.events.filter(({ type }) => type === 'mirror-failed');
  expect(failed).toMatchObject([{ mirror: host, registry: given.registry.host }]);
  // It is left alone for a while.
  expect(given.mirror.requests.length).toBeLessThan(5);
});

test('after a mirror has sent a wrong layer to somebody who reads along, the next pull succeeds', async () => {
  await using given = await setting();
  // After the configuration.
  given.mirror.fail({ path: '/blobs/', after: 1, times: 99, corruptAt: 30_000 });
  using client = given.client({ retries: 0 });
  const onLayer = async ({ follow }: PulledLayer) => void (await buffer(await follow()));
  const options = { into: given.into, concurrency: 1, onLayer };
  await expect(client.pull(given.name, options)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  await client.pull(given.name, options);
});

test('a mirror that has sent a wrong blob to be read is not asked again', async () => {
  await using given = await setting();
  const [layer] = (await given.from.image(given.descriptor)).manifest.layers;
  given.mirror.fail({ path: '/blobs/', times: 99, corruptAt: 30_000 });
  using client = given.client({ retries: 0 });
  const read = async () => buffer(await client.blob(given.name, layer as Descriptor));
  await expect(read()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  expect(await read()).toHaveLength(layer?.size ?? 0);
});

test('what a registry itself sends wrong is still an error', async () => {
  await using given = await setting();
  given.registry.fail({ path: '/blobs/', times: 99, corruptAt: 50 });
  using client = given.client({ retries: 0, mirrors: {} });
  await expect(client.pull(given.name, { into: given.into })).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  expect(given.events).toEqual([]);
});
