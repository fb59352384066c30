import type { Descriptor, ImageLayout } from '@estiba/image-spec';
import { Registry, type RegistryOptions } from '@estiba/registry';
import { expect, test } from 'vitest';
import { RegistryClient, type RegistryClientOptions } from '../src/client.ts';
import type { CredentialsRequest } from '../src/credentials.ts';
import type { RegistryEvent } from '../src/events.ts';
import { makeImage, scratchLayout } from './fixture.ts';

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
