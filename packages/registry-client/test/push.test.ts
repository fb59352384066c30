import { buffer } from 'node:stream/consumers';
import { type BlobSource, type Descriptor, digestOf, mediaTypes, openImage } from '@estiba/image-spec';
import { Registry, type RegistryOptions, type RegistryRequest } from '@estiba/registry';
import { expect, test } from 'vitest';
import { RegistryClient } from '../src/client.ts';
import { RegistryError } from '../src/error.ts';
import type { TransferProgress } from '../src/progress.ts';
import { addManifest, listOf, MemoryStore, makeImage, makeIndex, makeLayer } from './made.ts';

const big = 3_000_000;

interface Setting extends AsyncDisposable {
  readonly store: MemoryStore;
  readonly registry: Registry;
  readonly client: RegistryClient;
  /** In the registry. */
  name(name: string): string;
  /** What was asked of the registry since the last time. */
  asked(): RegistryRequest[];
}

async function setting(options: RegistryOptions = {}): Promise<Setting> {
  const registry = await Registry.start(options);
  const client = new RegistryClient({
    retryDelay: 1,
    ...(options.access && { credentials: { username: 'ann', password: 'secret' } }),
  });
  let seen = 0;
  return {
    store: new MemoryStore(),
    registry,
    client,
    name: (name) => `${registry.host}/${name}`,
    asked() {
      const fresh = registry.requests.slice(seen);
      seen = registry.requests.length;
      return fresh;
    },
    async [Symbol.asyncDispose]() {
      client.close();
      await registry.close();
    },
  };
}

/** By method and what kind of thing. */
function summary(requests: readonly RegistryRequest[]): string[] {
  return requests.map(({ method, path }) => `${method} ${/manifests|blobs\/uploads|blobs/.exec(path)?.[0]}`);
}

function received(requests: readonly RegistryRequest[]): number {
  return requests.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0);
}

async function expectSame({ client, store, name }: Setting, reference: string, blob: Descriptor): Promise<void> {
  const there = await buffer(await client.blob(name(reference), blob));
  expect(there.equals(await buffer(await store.blob(blob)))).toBe(true);
}

test('what is pushed are the bytes as they are', async () => {
  await using given = await setting();
  const { store, client, name } = given;
  const layer = makeLayer(store, big);
  const config = store.addJson(
    { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] } },
    mediaTypes.config,
  );
  const text = JSON.stringify({ schemaVersion: 2, config, layers: [layer], 'x.unknown': [null] }, undefined, 7);
  const image = store.add(text, mediaTypes.manifest);
  expect(await client.push(image, name('app:1'), { from: store })).toEqual(image);
  const sent = await fetch(`http://${given.registry.host}/v2/app/manifests/1`, {
    headers: { accept: mediaTypes.manifest },
  });
  expect(await sent.text()).toBe(text);
  await expectSame(given, 'app', layer);
  await expectSame(given, 'app', config);
});

test('an image whose base is there sends its new layer, its configuration and its manifest alone', async () => {
  await using given = await setting();
  const { store, client, name } = given;
  const base = [makeLayer(store, big), makeLayer(store, 1_000_000)];
  await client.push(makeImage(store, base), name('app:base'), { from: store });
  given.asked();
  const layer = makeLayer(store, 5000);
  const image = makeImage(store, [...base, layer]);
  await client.push(image, name('app:1'), { from: store });
  const asked = given.asked();
  const config = JSON.parse((await buffer(await store.blob(image))).toString()).config.size;
  expect(received(asked)).toBe(layer.size + config + image.size);
  expect(summary(asked).sort()).toEqual([
    'HEAD blobs',
    'HEAD blobs',
    'HEAD blobs',
    'HEAD blobs',
    'HEAD manifests',
    'POST blobs/uploads',
    'POST blobs/uploads',
    'PUT blobs/uploads',
    'PUT blobs/uploads',
    'PUT manifests',
  ]);
});

test('an image that is there is not sent again', async () => {
  await using given = await setting();
  const { store, client, name } = given;
  const image = makeImage(store, [makeLayer(store, 1000)]);
  const index = makeIndex(store, [image, makeImage(store, [makeLayer(store, 1000)])]);
  await client.push(index, name('app:1'), { from: store });
  given.asked();
  const seen: TransferProgress[] = [];
  await client.push(index, name('app:1'), { from: store, onProgress: (progress) => seen.push(progress) });
  const asked = given.asked();
  expect(received(asked)).toBe(0);
  expect(new Set(asked.map(({ method }) => method))).toEqual(new Set(['HEAD']));
  expect(seen.filter(({ status }) => status !== 'waiting').map(({ status }) => status)).toEqual(
    Array(4).fill('exists'),
  );
});

test('the manifests of an index come before it', async () => {
  await using given = await setting();
  const { store, client, name } = given;
  const image = makeImage(store, [makeLayer(store, 10)]);
  // The same image below an inner index and beside it.
  const inner = makeIndex(store, [image]);
  const outer = makeIndex(store, [image, inner]);
  await client.push(outer, name('app:1'), { from: store });
  const put = given.asked().filter(({ method, path }) => method === 'PUT' && path.includes('/manifests/'));
  expect(put.map(({ path }) => path.slice('/v2/app/manifests/'.length))).toEqual([image.digest, inner.digest, '1']);
});

test('an image of an index that the source lacks has to be in the registry', async () => {
  await using given = await setting();
  const { store, client, name } = given;
  const [first, second] = [makeImage(store, [makeLayer(store, 10)]), makeImage(store, [makeLayer(store, 10)])];
  const index = makeIndex(store, [first, second]);
  const some: BlobSource = {
    blob: (descriptor, options) =>
      descriptor.digest === second.digest ? new MemoryStore().blob(descriptor) : store.blob(descriptor, options),
  };
  await expect(client.push(index, name('app:1'), { from: some })).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  expect(await client.exists(name('app:1'))).toBe(false);
  await client.push(second, name(`app@${second.digest}`), { from: store });
  await client.push(index, name('app:1'), { from: some });
  expect((await client.resolve(name('app:1'))).digest).toBe(index.digest);
});

test.each([
  ['named', { mountFrom: 'base' }, false],
  ['seen when it was pushed', {}, true],
])('a blob is mounted from a repository that was %s', async (_, options, seen) => {
  await using given = await setting({ access: { username: 'ann', password: 'secret' } });
  const { store, client, name, registry } = given;
  const layer = makeLayer(store, big);
  await client.push(makeImage(store, [layer]), name('base:1'), { from: store });
  using other = new RegistryClient({ credentials: { username: 'ann', password: 'secret' } });
  const pushing = seen ? client : other;
  given.asked();
  const statuses = new Map<string, string>();
  await pushing.push(makeImage(store, [layer]), name('app:1'), {
    from: store,
    ...options,
    onProgress: ({ digest, status }) => statuses.set(digest, status),
  });
  expect(statuses.get(layer.digest)).toBe('mounted');
  expect(received(given.asked())).toBeLessThan(10_000);
  const mounts = registry.requests.filter(({ path }) =>
    path.includes(`mount=${encodeURIComponent(layer.digest)}&from=base`),
  );
  expect(mounts.map(({ status }) => status)).toContain(201);
  // A token for both repositories is asked for at once, not only when one for the first is refused.
  expect(mounts.filter(({ status, headers }) => status === 401 && headers.authorization !== undefined)).toEqual([]);
});

test('a blob is mounted from a repository that it was pulled from', async () => {
  await using given = await setting();
  const { store, client, name } = given;
  const layer = makeLayer(store, big);
  using other = new RegistryClient();
  await other.push(makeImage(store, [layer]), name('base:1'), { from: store });
  await client.manifest(name('base:1'));
  given.asked();
  await client.push(makeImage(store, [layer]), name('app:1'), { from: store });
  expect(received(given.asked())).toBeLessThan(10_000);
});

test.each(['that does not mount', 'that has the blob nowhere'])('a registry %s is sent the blob', async (which) => {
  await using given = await setting(which === 'that does not mount' ? { lacks: ['mount'] } : {});
  const { store, client, name } = given;
  const layer = makeLayer(store, 1000);
  const image = makeImage(store, [layer]);
  await client.push(image, name('app:1'), { from: store, mountFrom: ['else/where', 'base'] });
  await expectSame(given, 'app', layer);
  // The session that was opened in place of mounting is the one that is used.
  expect(given.asked().filter(({ method }) => method === 'POST')).toHaveLength(2);
});

test('a registry that refuses to mount is asked for a plain upload', async () => {
  await using given = await setting();
  const { store, client, name, registry } = given;
  const layer = makeLayer(store, 1000);
  registry.fail({ path: 'mount=', status: 403, times: 2 });
  await client.push(makeImage(store, [layer]), name('app:1'), { from: store, mountFrom: 'base' });
  await expectSame(given, 'app', layer);
});

test('blobs are sent in pieces, none smaller than the registry wants', async () => {
  await using given = await setting({ minChunkBytes: 400_000 });
  const { store, client, name } = given;
  const layer = makeLayer(store, 1_000_000);
  await client.push(makeImage(store, [layer]), name('app:1'), { from: store, chunkBytes: 100_000 });
  await expectSame(given, 'app', layer);
  const pieces = given.asked().filter(({ method, bytesReceived }) => method === 'PATCH' && bytesReceived > 10_000);
  expect(pieces.map(({ headers }) => headers['content-range'])).toEqual(['0-399999', '400000-799999', '800000-999999']);
});

test('a registry that takes no pieces is sent the whole', async () => {
  await using given = await setting({ lacks: ['chunks'] });
  const { store, client, name, registry } = given;
  const layer = makeLayer(store, big);
  registry.fail({ method: 'PUT', path: '/uploads/', after: 1, cutUploadAfter: 1_500_000 });
  await client.push(makeImage(store, [layer]), name('app:1'), { from: store, chunkBytes: 1_000_000, concurrency: 1 });
  await expectSame(given, 'app', layer);
});

test.each([
  ['at once', {}, 'PUT'],
  ['in pieces', { chunkBytes: 2_000_000 }, 'PATCH'],
])('an upload %s that breaks off goes on where it was', async (_, options, method) => {
  await using given = await setting();
  const { store, client, name, registry } = given;
  const layer = makeLayer(store, big);
  // The configuration goes first.
  registry.fail({ method, path: '/uploads/', after: 1, cutUploadAfter: 1_500_000 });
  const seen: TransferProgress[] = [];
  const onProgress = (progress: TransferProgress) => progress.digest === layer.digest && seen.push(progress);
  await client.push(makeImage(store, [layer]), name('app:1'), { from: store, ...options, concurrency: 1, onProgress });
  await expectSame(given, 'app', layer);
  // The connection breaks before everything that was on it has been taken.
  const all = given.asked();
  expect(received(all)).toBeLessThan(big + 10_000);
  expect(all.filter((asked) => asked.method === 'GET' && asked.path.includes('/uploads/'))).toHaveLength(1);
  const last = seen.at(-1);
  expect(last).toMatchObject({ status: 'complete', done: big });
  expect(last?.resumed).toBeGreaterThan(1_000_000);
});

test('an upload that the registry has lost begins again', async () => {
  await using given = await setting();
  const { store, client, name, registry } = given;
  const layer = makeLayer(store, big);
  registry.fail({ method: 'PUT', path: '/uploads/', after: 1, cutUploadAfter: 1_500_000 });
  registry.fail({ method: 'GET', path: '/uploads/', status: 404 });
  await client.push(makeImage(store, [layer]), name('app:1'), { from: store, concurrency: 1 });
  await expectSame(given, 'app', layer);
  expect(summary(given.asked()).filter((line) => line === 'POST blobs/uploads')).toHaveLength(3);
});

test('a piece that is out of order makes the client ask what is there', async () => {
  await using given = await setting();
  const { store, client, name, registry } = given;
  const layer = makeLayer(store, 1_000_000);
  // The piece arrives, and its answer does not.
  registry.fail({ method: 'PATCH', path: '/uploads/', status: 416 });
  await client.push(makeImage(store, [layer]), name('app:1'), { from: store, chunkBytes: 300_000, concurrency: 1 });
  await expectSame(given, 'app', layer);
});

test('an upload whose last answer got lost is found to be there', async () => {
  await using given = await setting();
  const { store, client, name, registry } = given;
  const layer = makeLayer(store, 100_000);
  const image = makeImage(store, [layer]);
  using other = new RegistryClient();
  // By the time that the answer is missed, somebody else has brought the blob.
  registry.fail({ method: 'PUT', path: '/uploads/', reset: true });
  registry.fail({ method: 'GET', path: '/uploads/', status: 404, delay: 200 });
  const statuses = new Set<string>();
  const onProgress = ({ status }: TransferProgress) => statuses.add(status);
  const pushing = client.push(image, name('app:1'), { from: store, concurrency: 1, onProgress });
  await other.push(image, name('app:2'), { from: store, concurrency: 1 });
  await pushing;
  await expectSame(given, 'app', layer);
  // The configuration, at which it happened, came by this push for all that is known.
  expect(statuses).toContain('complete');
  expect(summary(given.asked()).filter((line) => line === 'POST blobs/uploads')).toHaveLength(3);
});

test('a push that is aborted cancels its uploads', async () => {
  await using given = await setting();
  const { store, client, name, registry } = given;
  const image = makeImage(store, [makeLayer(store, big), makeLayer(store, big)]);
  registry.fail({ method: 'PUT', path: '/uploads/', uploadBytesPerSecond: 100_000, times: 9 });
  const abort = new AbortController();
  const pushing = client.push(image, name('app:1'), { from: store, signal: abort.signal });
  const caught = expect(pushing).rejects.toThrow('enough');
  await expect.poll(() => registry.requests.some((one) => one.method === 'PUT' && one.bytesReceived > 500)).toBe(true);
  abort.abort(new Error('enough'));
  await caught;
  const session = ({ path }: RegistryRequest) => path.replace(/\?.*/, '');
  const begun = registry.requests.filter(({ method, status }) => method === 'PUT' && status !== 201);
  const cancelled = registry.requests.filter(({ method, status }) => method === 'DELETE' && status === 204);
  expect(begun.length).toBeGreaterThan(0);
  expect(cancelled.map(session).sort()).toEqual(begun.map(session).sort());
});

test('an upload that goes on at another origin takes no credentials there', async () => {
  await using given = await setting({ access: { username: 'ann', password: 'secret', scheme: 'basic' } });
  const { store, client, name, registry } = given;
  const layer = makeLayer(store, 1000);
  registry.fail({ method: 'POST', uploadElsewhere: true, times: 9 });
  await client.push(makeImage(store, [layer]), name('app:1'), { from: store });
  await expectSame(given, 'app', layer);
  const elsewhere = registry.requests.filter(({ server }) => server === 'elsewhere');
  expect(elsewhere.map(({ method }) => method)).toEqual(['PUT', 'PUT']);
  for (const { headers } of elsewhere) expect(headers.authorization).toBeUndefined();
});

test('tokens that run out in the middle of a push are fetched again', async () => {
  await using given = await setting({ access: { username: 'ann', password: 'secret' } });
  const { store, client, name, registry } = given;
  const layers = [makeLayer(store, big), makeLayer(store, 100_000)];
  registry.fail({ method: 'PATCH', after: 2, expireTokens: true });
  registry.fail({ method: 'PUT', after: 1, expireTokens: true });
  await client.push(makeImage(store, layers), name('app:1'), { from: store, chunkBytes: 500_000, concurrency: 1 });
  expect(registry.requests.filter(({ path }) => path.startsWith('/token'))).toHaveLength(3);
  for (const layer of layers) await expectSame(given, 'app', layer);
});

test('of a blob that is not what it should be the registry never gets the whole', async () => {
  await using given = await setting();
  const { store, client, name, registry } = given;
  const layer = makeLayer(store, 2_500_000);
  const image = makeImage(store, [layer]);
  const wrong = makeLayer(store, 2_500_000);
  const from: BlobSource = {
    blob: (descriptor, options) => store.blob(descriptor.digest === layer.digest ? wrong : descriptor, options),
  };
  await expect(client.push(image, name('app:1'), { from })).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  expect(await client.exists(name('app'), { blob: layer })).toBe(false);
  expect(received(registry.requests)).toBeLessThan(2_500_000);
  const short: BlobSource = {
    blob: (descriptor, options) =>
      store.blob(descriptor, { ...options, ...(descriptor.digest === layer.digest && { start: 1 }) }),
  };
  await expect(client.push(image, name('app:1'), { from: short })).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
});

test.each([
  ['blob', { method: 'PUT', path: '/uploads/' }],
  ['manifest', { method: 'PUT', path: '/manifests/' }],
])('a registry that calls a %s something else is not believed', async (_, where) => {
  await using given = await setting();
  const { store, client, name, registry } = given;
  registry.fail({ ...where, headers: { 'docker-content-digest': `sha256:${'0'.repeat(64)}` } });
  const pushing = client.push(makeImage(store, [makeLayer(store, 10)]), name('app:1'), { from: store });
  await expect(pushing).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
});

test.each([
  ['at once', {}, 1],
  ['one by one where it cannot do that', { lacks: ['tag-parameters'] } as const, 4],
])('a registry sets several tags %s', async (_, options, puts) => {
  await using given = await setting(options);
  const { store, client, name } = given;
  const image = makeImage(store, [makeLayer(store, 10)]);
  await client.push(image, name('app:1'), { from: store, tags: ['1.0', 'latest', '1'] });
  expect(summary(given.asked()).filter((line) => line === 'PUT manifests')).toHaveLength(puts);
  for (const tag of ['1', '1.0', 'latest'])
    expect((await client.resolve(name(`app:${tag}`))).digest).toBe(image.digest);
  // Those that stand are left alone.
  given.asked();
  await client.push(image, name('app:1'), { from: store, tags: ['new'] });
  expect(given.asked().flatMap(({ method, path }) => (method === 'PUT' ? [path] : []))).toEqual([
    '/v2/app/manifests/new',
  ]);
});

test('what is pushed by digest gets no tag', async () => {
  await using given = await setting();
  const { store, client, name } = given;
  const image = makeImage(store, [makeLayer(store, 10)]);
  await client.push(image, name(`app@${image.digest}`), { from: store });
  expect(await client.exists(name(`app@${image.digest}`))).toBe(true);
  expect(await listOf(client.tags(name('app')))).toEqual([]);
  const other = makeImage(store, [makeLayer(store, 10)]);
  await expect(client.push(other, name(`app@${image.digest}`), { from: store })).rejects.toMatchObject({
    code: 'DIGEST_MISMATCH',
  });
});

test('small blobs are sent with the first request where that is wanted', async () => {
  await using given = await setting();
  const { store, client, name } = given;
  const layer = makeLayer(store, 1_000_000);
  const image = makeImage(store, [layer]);
  await client.push(image, name('app:1'), { from: store, singlePostBytes: 10_000 });
  expect(
    summary(given.asked())
      .filter((line) => line.includes('uploads'))
      .sort(),
  ).toEqual(['POST blobs/uploads', 'POST blobs/uploads', 'PUT blobs/uploads']);
  await using old = await setting({ lacks: ['single-post'] });
  await old.client.push(image, old.name('app:1'), { from: store, singlePostBytes: 10_000 });
  await expectSame({ ...old, store, [Symbol.asyncDispose]: async () => {} }, 'app', layer);
});

test('layers that are not to be distributed stay where they are, unless told', async () => {
  await using given = await setting({ lenient: true });
  const { store, client, name } = given;
  const layer = makeLayer(store, 1000);
  const foreign = { ...layer, mediaType: mediaTypes.foreignLayer, urls: ['https://example.test/layer'] };
  const config = store.addJson(
    { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] } },
    mediaTypes.config,
  );
  const image = addManifest(store, { config, layers: [foreign] });
  await client.push(image, name('app:1'), { from: store });
  expect(await client.exists(name('app'), { blob: layer })).toBe(false);
  await client.push(image, name('app:1'), { from: store, foreignLayers: true });
  expect(await client.exists(name('app'), { blob: layer })).toBe(true);
});

test('an upload that gets on is not given up, however often it breaks', async () => {
  await using given = await setting();
  const { store, name, registry } = given;
  using client = new RegistryClient({ retries: 1, retryDelay: 1 });
  const layer = makeLayer(store, 9_000_000);
  registry.fail({ method: 'PUT', path: '/uploads/', after: 1, cutUploadAfter: 1_200_000 });
  registry.fail({ method: 'PATCH', path: '/uploads/', cutUploadAfter: 1_200_000, times: 5 });
  await client.push(makeImage(store, [layer]), name('app:1'), { from: store, concurrency: 1 });
  await expectSame(given, 'app', layer);
  expect(received(given.asked())).toBeLessThan(9_000_000 + 10_000);
});

test('an upload that gets nowhere is given up', async () => {
  await using given = await setting();
  const { store, name, registry } = given;
  using client = new RegistryClient({ retries: 2, retryDelay: 1 });
  registry.fail({ method: 'PUT', path: '/uploads/', cutUploadAfter: 1000, times: 99 });
  registry.fail({ method: 'PATCH', path: '/uploads/', reset: true, times: 99 });
  const pushing = client.push(makeImage(store, [makeLayer(store, 1_000_000)]), name('app:1'), { from: store });
  await expect(pushing).rejects.toBeInstanceOf(RegistryError);
});

test('what a mirror has is sent to the registry all the same', async () => {
  await using given = await setting();
  const { store, name, registry } = given;
  await using mirror = await Registry.start();
  const layer = makeLayer(store, 1000);
  const image = makeImage(store, [layer]);
  await mirror.add('app:1', store, image);
  using client = new RegistryClient({ mirrors: { [registry.host]: [mirror.host] } });
  await client.push(image, name('app:1'), { from: store });
  await expectSame(given, 'app', layer);
  expect(mirror.requests).toEqual([]);
});

test('what has a sha512 is pushed by it', async () => {
  await using given = await setting();
  const { store, client, name, asked } = given;
  const bytes = Buffer.alloc(1000, 'x');
  const layer = { mediaType: mediaTypes.layer, digest: digestOf(bytes, 'sha512'), size: bytes.length };
  await store.write(bytes, { expect: layer });
  const image = makeImage(store, [layer]);
  await client.push(image, name('app:1'), { from: store });
  await expectSame(given, 'app', layer);
  expect(asked().filter(({ path }) => path.endsWith('?digest-algorithm=sha512'))).toHaveLength(1);
});

test('content that lies in its descriptor is taken from there', async () => {
  await using given = await setting();
  const { store, client, name } = given;
  const empty = { mediaType: mediaTypes.empty, digest: digestOf('{}'), size: 2, data: 'e30=' };
  const artifact = addManifest(store, { artifactType: 'application/x.nothing', config: empty, layers: [empty] });
  await client.push(artifact, name('app:1'), { from: store });
  expect(String(await buffer(await client.blob(name('app'), empty)))).toBe('{}');
});

test('a view of an image is pushed from where it is', async () => {
  await using given = await setting();
  const { store, client, name, asked } = given;
  const layer = makeLayer(store, 1_000_000);
  const image = makeImage(store, [layer]);
  await client.push(image, name('base:1'), { from: store });
  asked();
  const view = await openImage(client.source(name('base')), image);
  expect((await client.push(view, name('app:1'))).digest).toBe(image.digest);
  await expectSame(given, 'app', layer);
  // @ts-expect-error a descriptor does not say where the content is
  await expect(client.push(image, name('app:1'))).rejects.toThrow(TypeError);
});

test('a registry that finds a blob too large is said to want pieces', async () => {
  await using given = await setting();
  const { store, client, name, registry } = given;
  registry.fail({ method: 'PUT', path: '/uploads/', status: 413, times: 9 });
  const pushing = client.push(makeImage(store, [makeLayer(store, 10)]), name('app:1'), { from: store });
  await expect(pushing).rejects.toThrow('chunkBytes');
});

test.each([
  ['nowhere', {}, 'UNEXPECTED'],
  ['to the metadata of a machine', { location: 'http://169.254.169.254/latest' }, 'ADDRESS_REFUSED'],
  ['to a file', { location: 'file:///etc/passwd' }, 'REDIRECT_REFUSED'],
])('an upload that leads %s is refused', async (_, headers, code) => {
  await using given = await setting();
  const { store, client, name, registry } = given;
  registry.fail({ method: 'POST', status: 202, headers, times: 9 });
  const pushing = client.push(makeImage(store, [makeLayer(store, 10)]), name('app:1'), { from: store });
  await expect(pushing).rejects.toMatchObject({ code });
});

test.concurrent('a registry has the more time to store a blob the longer it is', async () => {
  await using given = await setting();
  const { store, name, registry } = given;
  using client = new RegistryClient({ retries: 0, timeouts: { headers: 1000 } });
  registry.fail({ method: 'PUT', path: '/uploads/', after: 1, delay: 1300 });
  const image = makeImage(store, [makeLayer(store, 1_000_000)]);
  await client.push(image, name('app:1'), { from: store, concurrency: 1 });
  registry.fail({ method: 'PUT', path: '/uploads/', delay: 1300 });
  const small = client.push(makeImage(store, [makeLayer(store, 10)]), name('app:2'), { from: store });
  await expect(small).rejects.toMatchObject({ code: 'TIMEOUT' });
});

test.concurrent('a source that takes its time is no fault of the registry', async () => {
  await using given = await setting();
  const { store, name } = given;
  using client = new RegistryClient({ retries: 0, timeouts: { headers: 1000, idle: 1000 } });
  const layer = makeLayer(store, 2_000_000);
  const from: BlobSource = {
    blob: async (descriptor, options) => {
      const stream = await store.blob(descriptor, options);
      if (descriptor.digest !== layer.digest) return stream;
      return stream.map(async (chunk) => {
        await new Promise((resolve) => setTimeout(resolve, 700));
        return chunk;
      });
    },
  };
  await client.push(makeImage(store, [layer]), name('app:1'), { from });
  await expectSame(given, 'app', layer);
});
