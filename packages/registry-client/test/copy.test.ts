import { request as httpRequest } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Descriptor, mediaTypes, parsePlatform } from '@estiba/image-spec';
import { Registry } from '@estiba/registry';
import { expect, test } from 'vitest';
import { RegistryClient } from '../src/client.ts';
import type { TransferProgress } from '../src/progress.ts';
import { listOf, MemoryStore, makeImage, makeIndex, makeLayer, makeReferrer } from './made.ts';
import { serve } from './odd-server.ts';

const big = 3_000_000;

async function setting() {
  const [from, to] = await Promise.all([Registry.start(), Registry.start()]);
  const store = new MemoryStore();
  const client = new RegistryClient({ retryDelay: 1 });
  const layers = [makeLayer(store, big), makeLayer(store, 1000)] as const;
  const images = layers.map((layer) => makeImage(store, [layer]));
  const index = makeIndex(store, images);
  await client.push(index, `${from.host}/app:1`, { from: store });
  return {
    ...{ from, to, store, client, layers, images, index },
    // Has seen nothing.
    fresh: new RegistryClient({ retryDelay: 1 }),
    async [Symbol.asyncDispose]() {
      await Promise.all([from.close(), to.close()]);
    },
  };
}

test('an index is copied with all that it names', async () => {
  await using given = await setting();
  const { from, to, fresh, store, layers, index } = given;
  expect(await fresh.copy(`${from.host}/app:1`, `${to.host}/other:2`)).toEqual(index);
  expect((await fresh.resolve(`${to.host}/other:2`)).digest).toBe(index.digest);
  for (const layer of layers) {
    const there = await buffer(await fresh.blob(`${to.host}/other`, layer));
    expect(there.equals(await buffer(await store.blob(layer)))).toBe(true);
  }
  // Once each.
  const reads = from.requests.filter(({ method, path }) => method === 'GET' && path.includes('/blobs/'));
  expect(new Set(reads.map(({ path }) => path)).size).toBe(reads.length);
});

test('one image of an index is copied', async () => {
  await using given = await setting();
  const { from, to, fresh, images, layers } = given;
  const platform = parsePlatform('linux/arm64');
  expect((await fresh.copy(`${from.host}/app:1`, `${to.host}/app:1`, { platform })).digest).toBe(images[1]?.digest);
  expect(await fresh.exists(`${to.host}/app`, { blob: layers[0] })).toBe(false);
  expect(await fresh.exists(`${to.host}/app`, { blob: layers[1] })).toBe(true);
});

test('within one registry nothing is moved', async () => {
  await using given = await setting();
  const { from, fresh } = given;
  const before = from.requests.length;
  const seen = new Set<string>();
  const onProgress = ({ status }: TransferProgress) => seen.add(status);
  await fresh.copy(`${from.host}/app:1`, `${from.host}/other/app:1`, { onProgress });
  const asked = from.requests.slice(before);
  expect(asked.filter(({ method, path }) => method === 'GET' && path.includes('/blobs/'))).toEqual([]);
  expect(asked.filter(({ method }) => method === 'POST').map(({ status }) => status)).toEqual(Array(4).fill(201));
  expect(seen).toEqual(new Set(['waiting', 'mounted']));
});

test.each([
  [
    'source',
    (given: Awaited<ReturnType<typeof setting>>) =>
      given.from.fail({ path: given.layers[0].digest, cutAfter: 1_500_000 }),
  ],
  [
    'target',
    (given: Awaited<ReturnType<typeof setting>>) =>
      given.to.fail({ method: 'PUT', path: '/uploads/', after: 1, cutUploadAfter: 1_500_000 }),
  ],
])('a copy goes on where the connection to its %s broke', async (_, breaking) => {
  await using given = await setting();
  const { from, to, fresh, store, layers } = given;
  breaking(given);
  const platform = parsePlatform('linux/amd64');
  await fresh.copy(`${from.host}/app:1`, `${to.host}/app:1`, { platform, concurrency: 1 });
  const there = await buffer(await fresh.blob(`${to.host}/app`, layers[0]));
  expect(there.equals(await buffer(await store.blob(layers[0])))).toBe(true);
  // At each side not much more than once.
  const sent = from.requests.filter(({ path }) => path.includes(layers[0].digest));
  const taken = to.requests.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0);
  expect(taken).toBeLessThan(big + 100_000);
  expect(sent.filter(({ range }) => range !== undefined)).toHaveLength(1);
});

test('a slow source does not make the target give up', async () => {
  await using given = await setting();
  const { from, to, layers } = given;
  using client = new RegistryClient({ retries: 0, timeouts: { idle: 1500, headers: 1000 } });
  // A piece each 50 ms, over about two seconds in which the target waits for the rest.
  from.fail({ path: layers[0].digest, bytesPerSecond: 1_500_000 });
  const platform = parsePlatform('linux/amd64');
  await client.copy(`${from.host}/app:1`, `${to.host}/app:1`, { platform, concurrency: 1 });
  expect(await client.exists(`${to.host}/app:1`)).toBe(true);
});

test('what a wrong source sends does not arrive', async () => {
  await using given = await setting();
  const { from, to, fresh, layers } = given;
  from.fail({ path: layers[0].digest, corruptAt: 1_000_000 });
  await expect(fresh.copy(`${from.host}/app:1`, `${to.host}/app:1`)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  expect(await fresh.exists(`${to.host}/app:1`)).toBe(false);
  expect(await fresh.exists(`${to.host}/app`, { blob: layers[0] })).toBe(false);
});

test('what refers to an image comes along when that is wanted, and what refers to that', async () => {
  await using given = await setting();
  const { from, to, fresh, store, client, images, index } = given;
  const [image = index] = images;
  const contents = makeReferrer(store, image, 'application/x.contents');
  const signature = makeReferrer(store, contents, 'application/x.signature');
  for (const { digest, ...rest } of [contents, signature]) {
    await client.push({ digest, ...rest }, `${from.host}/app@${digest}`, { from: store });
  }
  await fresh.copy(`${from.host}/app:1`, `${to.host}/without:1`);
  expect(await listOf(fresh.referrers(`${to.host}/without@${image.digest}`))).toEqual([]);
  await fresh.copy(`${from.host}/app:1`, `${to.host}/app:1`, { referrers: true });
  const [found] = await listOf(fresh.referrers(`${to.host}/app@${image.digest}`));
  expect(found?.digest).toBe(contents.digest);
  const [inner] = await listOf(fresh.referrers(`${to.host}/app@${contents.digest}`));
  expect(inner?.digest).toBe(signature.digest);
});

test('a password that does not say for which registry it is is not used to copy between two', async () => {
  await using given = await setting();
  const { from, to } = given;
  using client = new RegistryClient({ credentials: { username: 'ann', password: 'secret' } });
  const before = [from, to].map(({ requests }) => requests.length);
  const refused = client.copy(`${from.host}/app:1`, `${to.host}/app:1`);
  await expect(refused).rejects.toMatchObject({ code: 'CREDENTIALS_INVALID' });
  expect([from, to].map(({ requests }) => requests.length)).toEqual(before);
  await client.copy(`${from.host}/app:1`, `${from.host}/other:1`);
});

test.each([
  ['others without end', (page: number) => page],
  ['the same for ever', () => 0],
])('a registry that names %s as referrers is not listened to for ever', async (_, number) => {
  await using given = await setting();
  const { from, to, fresh, store, images } = given;
  const [image] = images;
  const entries = new Map<number, Descriptor>();
  // As often as it is asked, and all that it names is there.
  const names: Descriptor[] = [];
  for (let page = 0; page < 12; page++) {
    const place = number(page);
    const known = entries.get(place) ?? makeReferrer(store, image as Descriptor, `application/x.n${place}`);
    entries.set(place, known);
    names.push(known);
  }
  let pages = 0;
  await using odd = await serve((request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    if (!url.pathname.includes('/referrers/')) {
      response.writeHead(307, { location: `${from.url}${request.url}` }).end();
      return;
    }
    pages += 1;
    const manifests = Array.from({ length: 100 }, () => names[pages % names.length]);
    const link = `<${url.pathname}?page=${pages}>; rel="next"`;
    response.writeHead(200, { 'content-type': mediaTypes.index, link });
    response.end(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }));
  });
  for (const referrer of new Set(names))
    await given.client.push(referrer, `${from.host}/app@${referrer.digest}`, { from: store });
  const copied = fresh.copy(`${odd.host}/app:1`, `${to.host}/app:1`, { referrers: true });
  await expect(copied).rejects.toThrow(/more than 1000 referrers/);
  expect(pages).toBeLessThan(20);
});

test('an index that is nested too deep is not looked through for a platform', async () => {
  await using given = await setting();
  const { from, to, fresh, store, client, images } = given;
  const platform = parsePlatform('linux/amd64');
  let root = images[0] as Descriptor;
  for (let depth = 0; depth < 4; depth++) root = makeIndex(store, [root]);
  await client.push(root, `${from.host}/deep:4`, { from: store });
  expect((await fresh.copy(`${from.host}/deep:4`, `${to.host}/deep:4`, { platform })).digest).toBe(images[0]?.digest);
  // Nobody pushes such an index: it is put there.
  root = makeIndex(store, [root]);
  const body = await buffer(await store.blob(root));
  const headers = { 'content-type': mediaTypes.index };
  await fetch(`${from.url}/v2/deep/manifests/5`, { method: 'PUT', body, headers });
  await expect(fresh.copy(`${from.host}/deep:5`, `${to.host}/deep:5`, { platform })).rejects.toMatchObject({
    code: 'DOCUMENT_INVALID',
  });
});

test('what an index names in an unknown type is copied, too', async () => {
  await using given = await setting();
  const { from, to, fresh, store, client, images } = given;
  const odd = store.add('something of the future', 'application/vnd.future.thing');
  const index = makeIndex(store, [images[0] as Descriptor, odd]);
  await client.push(index, `${from.host}/odd:1`, { from: store });
  await fresh.copy(`${from.host}/odd:1`, `${to.host}/odd:1`);
  expect(String(await buffer(await fresh.blob(`${to.host}/odd`, odd)))).toBe('something of the future');
});

test('a copy takes no more at once from a registry than the client may, whoever else reads there', async () => {
  await using given = await setting();
  const { from, to, store } = given;
  const image = makeImage(
    store,
    Array.from({ length: 6 }, () => makeLayer(store, 1000)),
  );
  using pushing = new RegistryClient();
  await pushing.push(image, `${from.host}/many:1`, { from: store });
  let [now, most] = [0, 0];
  await using slow = await serve((request, response) => {
    const { method, url = '', headers } = request;
    const forwarded = httpRequest(`http://${from.host}${url}`, { method, headers, agent: false }, async (answer) => {
      const counts = method === 'GET' && url.includes('/blobs/');
      if (counts) {
        now += 1;
        most = Math.max(most, now);
        await sleep(20);
        response.on('finish', () => {
          now -= 1;
        });
      }
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(response);
    });
    forwarded.end();
  });
  using client = new RegistryClient({ perHost: 2 });
  await Promise.all(
    [`${to.host}/a:1`, `${to.host.replace('127.0.0.1', 'localhost')}/b:1`].map((target) =>
      client.copy(`${slow.host}/many:1`, target),
    ),
  );
  expect(most).toBe(2);
});
