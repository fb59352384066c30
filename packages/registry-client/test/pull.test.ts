import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Descriptor, type ImageLayout, ImageSpecError, mediaTypes } from '@estiba/image-spec';
import { type Fault, Registry } from '@estiba/registry';
import { expect, test } from 'vitest';
import { RegistryClient, type RegistryClientOptions } from '../src/client.ts';
import type { TransferProgress } from '../src/progress.ts';
import type { PullOptions } from '../src/pull.ts';
import { makeImage, scratchLayout, writeJson } from './fixture.ts';

const big = 3_000_000;
const script = fileURLToPath(new URL('pulling-process.ts', import.meta.url));

interface Setting extends AsyncDisposable {
  readonly from: ImageLayout;
  readonly into: ImageLayout;
  readonly registry: Registry;
  readonly descriptor: Descriptor;
  readonly name: string;
  pull(options?: Partial<PullOptions>, client?: RegistryClientOptions): ReturnType<RegistryClient['pull']>;
}

/** An image, a registry that serves it, and a layout to pull it into. */
async function setting(sizes: readonly number[] = [100_000, big, 10]): Promise<Setting> {
  const [from, into, registry] = await Promise.all([scratchLayout(), scratchLayout(), Registry.start()]);
  const descriptor = await makeImage(from, sizes);
  const name = await registry.add('demo/app:1', from, descriptor);
  return {
    from,
    into,
    registry,
    descriptor,
    name,
    async pull(options, clientOptions) {
      using client = new RegistryClient({ retryDelay: 1, ...clientOptions });
      return await client.pull(name, { into, ...options });
    },
    async [Symbol.asyncDispose]() {
      await registry.close();
      await from[Symbol.asyncDispose]();
      await into[Symbol.asyncDispose]();
    },
  };
}

async function layersOf(layout: ImageLayout, descriptor: Descriptor): Promise<Descriptor[]> {
  return (await layout.image(descriptor)).manifest.layers;
}

async function expectWhole({ from, into, descriptor }: Setting): Promise<void> {
  for (const layer of await layersOf(from, descriptor)) {
    expect((await buffer(await into.blob(layer))).equals(await buffer(await from.blob(layer)))).toBe(true);
  }
  expect(await readdir(join(into.directory, '.ingest'))).toEqual([]);
}

/** What a pull has left in the layout besides what the next one goes on with. */
async function inUse({ into }: Setting): Promise<string[]> {
  const [ingest, leases] = await Promise.all(['.ingest', '.leases'].map((name) => readdir(join(into.directory, name))));
  return [...(ingest ?? []).filter((name) => !name.endsWith('.part')), ...(leases ?? [])];
}

test('an image arrives whole, with its configuration', async () => {
  await using given = await setting();
  const image = await given.pull();
  expect(image.descriptor).toEqual(given.descriptor);
  expect(image.config.config?.Cmd).toEqual(['sh']);
  await expectWhole(given);
});

test('what is there already is not fetched again', async () => {
  await using given = await setting();
  await given.pull();
  const before = given.registry.requests.length;
  const seen: string[] = [];
  await given.pull({ onProgress: ({ status }) => status !== 'waiting' && seen.push(status) });
  expect(given.registry.requests.length - before).toBe(1);
  expect(seen).toEqual(['exists', 'exists', 'exists', 'exists']);
});

test('a layer that is named twice is fetched once', async () => {
  await using given = await setting([1000]);
  const image = await given.from.image(given.descriptor);
  const rootfs = { type: 'layers', diff_ids: [...image.config.rootfs.diff_ids, ...image.config.rootfs.diff_ids] };
  const config = await writeJson(given.from, { ...image.config, rootfs }, mediaTypes.config);
  const layers = [...image.manifest.layers, ...image.manifest.layers];
  const twice = await writeJson(given.from, { ...image.manifest, config, layers }, mediaTypes.manifest);
  const name = await given.registry.add('demo/app:2', given.from, twice);
  using client = new RegistryClient();
  await client.pull(name, { into: given.into });
  expect(given.registry.requests.filter(({ path }) => path.includes(layers[0]?.digest ?? '-'))).toHaveLength(1);
});

test('progress goes up to the size of every blob', async () => {
  await using given = await setting();
  const last = new Map<string, { done: number; total: number; status: string }>();
  await given.pull({
    onProgress: ({ digest, ...progress }) => {
      expect(progress.done).toBeGreaterThanOrEqual(last.get(digest)?.done ?? 0);
      last.set(digest, progress);
    },
  });
  expect(last.size).toBe(4);
  for (const { done, total, status } of last.values()) expect([done, status]).toEqual([total, 'complete']);
});

test('an index leads to the image of the wanted platform', async () => {
  await using given = await setting([10]);
  const manifests = [{ ...given.descriptor, platform: { os: 'linux', architecture: 's390x' } }];
  const index = await writeJson(given.from, { schemaVersion: 2, manifests }, mediaTypes.index);
  const name = await given.registry.add('demo/many:1', given.from, index);
  using client = new RegistryClient();
  const image = await client.pull(name, { into: given.into, platform: { os: 'linux', architecture: 's390x' } });
  expect(image.descriptor.digest).toBe(given.descriptor.digest);
  await expect(
    client.pull(name, { into: given.into, platform: { os: 'linux', architecture: 'riscv64' } }),
  ).rejects.toMatchObject({
    code: 'PLATFORM_MISSING',
  });
});

test('an image of another platform than was asked for is refused, and not stored', async () => {
  await using given = await setting([10]);
  const name = await given.registry.add('demo/one:1', given.from, given.descriptor);
  using client = new RegistryClient();
  const wanted = client.pull(name, { into: given.into, platform: { os: 'linux', architecture: 's390x' } });
  await expect(wanted).rejects.toMatchObject({
    code: 'PLATFORM_MISSING',
    message: expect.stringMatching(/^cannot find the image for linux\/s390x: there is linux\//),
  });
  expect(await given.into.has(given.descriptor.digest)).toBe(false);
  await expect(client.pull(name, { into: given.into })).resolves.toBeDefined();
});

test('a download that breaks off goes on where it stopped', async () => {
  await using given = await setting();
  const [, layer] = await layersOf(given.from, given.descriptor);
  const path = layer?.digest ?? '';
  given.registry.fail({ path, cutAfter: 1_200_000 });
  given.registry.fail({ path, cutAfter: 500_000 });
  await given.pull();
  await expectWhole(given);
  const asked = given.registry.requests
    .filter((request) => request.path.includes(path))
    .map(({ headers }) => headers.range);
  expect(asked).toHaveLength(3);
  expect(asked[0]).toBeUndefined();
  expect(asked.slice(1)).toEqual([expect.stringMatching(/^bytes=\d{6,7}-$/), expect.stringMatching(/^bytes=\d{7}-$/)]);
});

test('a registry that cannot go on from the middle is read from the start', async () => {
  await using given = await setting();
  const [, layer] = await layersOf(given.from, given.descriptor);
  given.registry.fail({ path: layer?.digest ?? '', cutAfter: 1_000_000 });
  given.registry.fail({ path: layer?.digest ?? '', ignoreRange: true });
  await given.pull();
  await expectWhole(given);
});

test('an answer for another range is not used', async () => {
  await using given = await setting();
  const [, layer] = await layersOf(given.from, given.descriptor);
  const path = layer?.digest ?? '';
  given.registry.fail({ path, cutAfter: 1_000_000 });
  given.registry.fail({ path, status: 206, headers: { 'content-range': 'bytes 7-99/100' }, body: 'x' });
  await given.pull();
  await expectWhole(given);
  const asked = given.registry.requests.filter((request) => request.path.includes(path));
  expect(asked.map(({ headers }) => headers.range !== undefined)).toEqual([false, true, false]);
});

test('a registry that sends a range that nobody asked for is refused', async () => {
  await using given = await setting();
  const [, layer] = await layersOf(given.from, given.descriptor);
  const path = layer?.digest ?? '';
  const fault = { path, status: 206, headers: { 'content-range': 'bytes 7-99/100' }, body: 'x' };
  given.registry.fail({ ...fault, times: 9 });
  await expect(given.pull()).rejects.toMatchObject({ code: 'RANGE_UNSUPPORTED' });
});

test('bytes that were wrong before the break are not forgiven after it', async () => {
  await using given = await setting();
  const [, layer] = await layersOf(given.from, given.descriptor);
  const path = layer?.digest ?? '';
  given.registry.fail({ path, corruptAt: 1000, cutAfter: 1_000_000 });
  given.registry.fail({ path, ignoreRange: true });
  await expect(given.pull()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
});

test.each<[string, Fault, string]>([
  ['one wrong byte', { corruptAt: 1_000_000 }, 'DIGEST_MISMATCH'],
  ['too few bytes', { endAfter: 1_000_000, times: 99 }, 'BODY_CUT'],
  ['other content, longer', { status: 200, body: Buffer.alloc(big + 10_000) }, 'SIZE_MISMATCH'],
  ['a packed body', { status: 200, headers: { 'content-encoding': 'gzip' }, body: 'x' }, 'ENCODING_UNSUPPORTED'],
  ['nothing', { status: 404 }, 'BLOB_UNKNOWN'],
  ['an endless fault', { status: 503, times: 99 }, 'UNAVAILABLE'],
])('a layer that comes with %s fails the pull, and the next one succeeds', async (_, fault, code) => {
  await using given = await setting();
  const [, layer] = await layersOf(given.from, given.descriptor);
  given.registry.fail({ path: layer?.digest ?? '', ...fault });
  await expect(given.pull()).rejects.toMatchObject({ code });
  expect(await inUse(given)).toEqual([]);
  expect(await given.into.has(layer as Descriptor)).toBe(false);
  expect(await given.into.has(given.descriptor)).toBe(false);
  // What was right stays, and the next pull is content with it.
  given.registry.heal();
  await given.pull();
  await expectWhole(given);
});

test.each<[string, Fault]>([
  ['too many requests', { status: 429, headers: { 'retry-after': '0' } }],
  ['an overloaded registry', { status: 503 }],
  ['a rate limit that calls itself forbidden', { status: 403, body: 'You have exceeded a secondary rate limit' }],
])('%s pass', async (_, fault) => {
  await using given = await setting([1000]);
  given.registry.fail({ ...fault, times: 2 });
  given.registry.fail({ path: '/blobs/', ...fault, times: 2 });
  await given.pull();
  await expectWhole(given);
});

test('a registry that stops in the middle is left after a while, and continued', async () => {
  await using given = await setting();
  const [, layer] = await layersOf(given.from, given.descriptor);
  given.registry.fail({ path: layer?.digest ?? '', stallAfter: 1_000_000 });
  await given.pull({}, { timeouts: { idle: 100 } });
  await expectWhole(given);
});

test('a registry that does not answer is an error', async () => {
  await using given = await setting([10]);
  given.registry.fail({ delay: 1000, times: 9 });
  await expect(given.pull({}, { timeouts: { headers: 50 }, retries: 1 })).rejects.toMatchObject({
    code: 'TIMEOUT',
    retryable: true,
  });
});

test('a registry that is not there is an error', async () => {
  await using given = await setting([10]);
  await given.registry.close();
  await expect(given.pull({}, { retries: 1 })).rejects.toMatchObject({ code: 'UNREACHABLE' });
});

test('an aborted pull stops at once', async () => {
  await using given = await setting();
  const controller = new AbortController();
  given.registry.fail({ path: '/blobs/', stallAfter: 1000, times: 99 });
  const started = performance.now();
  const pulling = given.pull({
    signal: controller.signal,
    onProgress: () => setTimeout(() => controller.abort(new Error('enough')), 50),
  });
  await expect(pulling).rejects.toThrow('enough');
  expect(performance.now() - started).toBeLessThan(5000);
  expect(await inUse(given)).toEqual([]);
  for (const layer of (await layersOf(given.from, given.descriptor)).slice(0, 2))
    expect(await given.into.has(layer)).toBe(false);
  expect(await given.into.has(given.descriptor)).toBe(false);
});

/** How many blobs were on their way at once. */
function counted(): { most: number; onProgress(progress: TransferProgress): void } {
  let open = 0;
  const count = {
    most: 0,
    onProgress({ status, done, resumed = 0 }: TransferProgress) {
      if (status === 'transferring' && done === resumed) open += 1;
      if (status === 'complete') open -= 1;
      count.most = Math.max(count.most, open);
    },
  };
  return count;
}

test('layers are fetched side by side, but no more than allowed', async () => {
  await using given = await setting([1000, 1001, 1002, 1003, 1004, 1005]);
  given.registry.fail({ path: '/blobs/', delay: 50, times: 99 });
  for (const concurrency of [3, 6, 1]) {
    const count = counted();
    await given.pull({ concurrency, onProgress: count.onProgress });
    expect(count.most).toBe(concurrency);
    await given.into.prune();
  }
});

test('layers are handed over in order, the first while others are on their way', async () => {
  await using given = await setting([1000, big, 10]);
  const layers = await layersOf(given.from, given.descriptor);
  given.registry.fail({ path: layers[1]?.digest ?? '', delay: 200 });
  const events: string[] = [];
  await given.pull({
    onProgress: ({ digest, status }) =>
      status === 'complete' && events.push(`complete ${layers.findIndex((layer) => layer.digest === digest)}`),
    async onLayer(layer) {
      const content = await buffer(await layer.open());
      expect(content.length).toBe(layer.descriptor.size);
      events.push(`unpacked ${layers.findIndex(({ digest }) => digest === layer.descriptor.digest)}`);
    },
  });
  expect(events.filter((event) => event.startsWith('unpacked'))).toEqual(['unpacked 0', 'unpacked 1', 'unpacked 2']);
  expect(events.indexOf('unpacked 0')).toBeLessThan(events.indexOf('complete 1'));
});

test('a layer can be followed while it arrives, and ends only when it proved right', async () => {
  await using given = await setting([big]);
  const [layer] = await layersOf(given.from, given.descriptor);
  given.registry.fail({ path: layer?.digest ?? '', cutAfter: 1_500_000 });
  let early = false;
  await given.pull({
    async onLayer(pulled) {
      let size = 0;
      for await (const chunk of await pulled.follow()) {
        early ||= !(await given.into.has(pulled.descriptor));
        size += chunk.length;
      }
      expect(size).toBe(pulled.descriptor.size);
      expect(await given.into.has(pulled.descriptor)).toBe(true);
    },
  });
  expect(early).toBe(true);
});

test('a layer that proves wrong does not end for those who follow it', async () => {
  await using given = await setting([big]);
  const [layer] = await layersOf(given.from, given.descriptor);
  given.registry.fail({ path: layer?.digest ?? '', corruptAt: 5 });
  let ended = false;
  let failure: unknown;
  const pulling = given.pull({
    async onLayer(pulled) {
      await buffer(await pulled.follow()).then(
        () => {
          ended = true;
        },
        (error) => {
          failure = error;
        },
      );
    },
  });
  await expect(pulling).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  expect(ended).toBe(false);
  expect(failure).toBeInstanceOf(ImageSpecError);
});

test('an error of whoever unpacks stops the pull', async () => {
  await using given = await setting();
  given.registry.fail({ path: (await layersOf(given.from, given.descriptor))[1]?.digest ?? '', bytesPerSecond: 1000 });
  const onLayer = async () => {
    await sleep(20);
    throw new Error('disk full');
  };
  await expect(given.pull({ onLayer })).rejects.toThrow('disk full');
  expect(await inUse(given)).toEqual([]);
});

test('a registry that gives a byte at a time and breaks off is given up', async () => {
  await using given = await setting([1000]);
  given.registry.fail({ path: '/blobs/', cutAfter: 1, times: 1000 });
  await expect(given.pull({}, { retries: 3 })).rejects.toMatchObject({ code: 'BODY_CUT' });
  expect(given.registry.requests.filter(({ path }) => path.includes('/blobs/')).length).toBeLessThanOrEqual(4);
  expect(await inUse(given)).toEqual([]);
});

test('a registry that goes away in the middle of a blob is given up', async () => {
  await using given = await setting([big]);
  given.registry.fail({ path: '/blobs/', bytesPerSecond: 1_000_000, times: 1000 });
  const gone = sleep(300).then(() => given.registry.close());
  await expect(given.pull({}, { retries: 2 })).rejects.toMatchObject({ code: 'UNREACHABLE' });
  await gone;
  expect(await inUse(given)).toEqual([]);
  expect(await given.into.has(given.descriptor)).toBe(false);
});

test('several pulls of one image at once all arrive', async () => {
  await using given = await setting();
  const followed = async (layer: { follow(): Promise<NodeJS.ReadableStream> }) => {
    for await (const _ of await layer.follow());
  };
  await Promise.all([given.pull(), given.pull({ onLayer: followed }), given.pull({ onLayer: followed })]);
  await expectWhole(given);
});

test('a pull gives a name to what it has pulled', async () => {
  await using given = await setting([1000]);
  await given.pull({ tag: 'mine' });
  expect((await given.into.image('mine')).descriptor.digest).toBe(given.descriptor.digest);
  await given.into.prune();
  await expectWhole(given);
});

test('nobody prunes what a pull has found or fetched until it has all', async () => {
  await using given = await setting();
  const layers = await layersOf(given.from, given.descriptor);
  await given.into.write(await given.from.blob(layers[0] as Descriptor));
  let pruned = 0;
  await given.pull({
    tag: 'mine',
    concurrency: 1,
    async onLayer(layer) {
      await buffer(await layer.open());
      pruned += (await given.into.prune()).removed.length;
    },
  });
  expect(pruned).toBe(0);
  await expectWhole(given);
});

test('two processes that pull the same at once fetch it once', async () => {
  await using given = await setting();
  const client = spawn(process.execPath, ['--conditions=estiba-source', script, given.into.directory, given.name], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise((resolve) => client.once('close', resolve));
  given.registry.fail({ path: '/blobs/', bytesPerSecond: 2_000_000, times: 99 });
  await given.pull();
  expect(await ended).toBe(0);
  await expectWhole(given);
  const blobs = given.registry.requests.map(({ path }) => path).filter((path) => path.includes('/blobs/'));
  expect(blobs.length).toBe(4);
  expect(new Set(blobs).size).toBe(4);
});

test('what an earlier process left wrong is thrown away, and fetched from the start', async () => {
  await using given = await setting();
  const [, layer] = await layersOf(given.from, given.descriptor);
  await using writer = await given.into.ingest(layer as Descriptor);
  await writer?.write(Buffer.alloc(1_000_000, 'wrong'));
  await writer?.abort(new Error('it has died'));
  await given.pull();
  await expectWhole(given);
  const asked = given.registry.requests.filter(({ path }) => path.includes(layer?.digest ?? '-'));
  expect(asked.map(({ range }) => range)).toEqual(['bytes=1000000-', undefined]);
});

test('what is gone on with is told', async () => {
  await using given = await setting();
  const [, layer] = await layersOf(given.from, given.descriptor);
  given.registry.fail({ path: layer?.digest ?? '', cutAfter: 1_500_000 });
  await expect(given.pull({}, { retries: 0 })).rejects.toMatchObject({ code: 'BODY_CUT' });
  const told: TransferProgress[] = [];
  await given.pull({ onProgress: (progress) => progress.digest === layer?.digest && told.push(progress) });
  await expectWhole(given);
  const [waiting, first, ...others] = told;
  expect(waiting?.status).toBe('waiting');
  expect(first).toMatchObject({ status: 'transferring', done: first?.resumed });
  expect(first?.resumed).toBeGreaterThan(400_000);
  expect(others.at(-1)).toMatchObject({ status: 'complete', done: layer?.size });
});

test('one registry is asked for no more blobs at once than the client allows, by however many pulls', async () => {
  await using given = await setting([1000, 1001, 1002, 1003]);
  const count = counted();
  await using other = await scratchLayout();
  given.registry.fail({ path: '/blobs/', delay: 10, times: 99 });
  using client = new RegistryClient({ perHost: 2 });
  const pulls = [given.into, other].map((into) =>
    client.pull(given.name, { into, concurrency: 4, onProgress: count.onProgress }),
  );
  await Promise.all(pulls);
  expect(count.most).toBe(2);
});
