/** What callers get wrong is their error, told at once, and nothing goes on behind it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { mediaTypes } from '@estiba/image-spec';
import { Registry } from '@estiba/registry';
import { expect, test } from 'vitest';
import { RegistryClient, type RegistryClientOptions } from '../src/client.ts';
import { scratchLayout } from './fixture.ts';
import { MemoryStore, makeImage, makeLayer } from './made.ts';
import { serve } from './odd-server.ts';

const mistake = new Error('a mistake of the caller');
const linux = { os: 'linux', architecture: 'amd64' };

async function setting(layers: number) {
  const [registry, into] = await Promise.all([Registry.start(), scratchLayout()]);
  const store = new MemoryStore();
  const image = makeImage(
    store,
    Array.from({ length: layers }, () => makeLayer(store, 1000)),
  );
  const name = `${registry.host}/demo/app:1`;
  using client = new RegistryClient();
  await client.push(image, name, { from: store });
  return {
    ...{ registry, into, store, image, name },
    async [Symbol.asyncDispose]() {
      await registry.close();
      await into[Symbol.asyncDispose]();
    },
  };
}

test('an onProgress that throws ends the pull, and all of it', async () => {
  await using given = await setting(20);
  using client = new RegistryClient();
  let told = 0;
  const onProgress = () => {
    told += 1;
    if (told > 10) throw mistake;
  };
  await expect(client.pull(given.name, { into: given.into, platform: linux, onProgress })).rejects.toBe(mistake);
  const asked = given.registry.requests.length;
  await sleep(50);
  expect(given.registry.requests.length).toBe(asked);
});

test('an onEvent that throws ends what it was told of', async () => {
  await using server = await serve((_, response) => {
    response.writeHead(200, { warning: '299 - "old"', 'content-type': mediaTypes.index }).end('{}');
  });
  const onEvent = () => {
    throw mistake;
  };
  using client = new RegistryClient({ onEvent });
  await expect(client.manifest(`${server.host}/demo/app:1`)).rejects.toBe(mistake);
}, 5000);

test('what is no number is no limit', async () => {
  await using given = await setting(1);
  for (const options of [{ perHost: Number.NaN }, { retries: Number.NaN }, { timeouts: { idle: Number.NaN } }])
    expect(() => new RegistryClient(options)).toThrow(TypeError);
  const { into, store, image, name } = given;
  using client = new RegistryClient();
  const concurrency = Number.NaN;
  await expect(client.pull(name, { into, concurrency })).rejects.toThrow('`concurrency` is to be a number: NaN');
  await expect(client.push(image, name, { from: store, concurrency })).rejects.toThrow(TypeError);
  for (const chunkBytes of [0, -1, Number.NaN]) {
    await expect(client.push(image, name, { from: store, chunkBytes })).rejects.toThrow(/^`chunkBytes` is to be/);
  }
});

test.each([undefined, Number.POSITIVE_INFINITY])('a timeout of %s is not one of a millisecond', async (time) => {
  await using given = await setting(1);
  const timeouts = { connect: time, headers: time, idle: time, document: time };
  using client = new RegistryClient({ retries: 0, timeouts } as RegistryClientOptions);
  given.registry.fail({ delay: 20, times: 9 });
  await client.pull(given.name, { into: given.into, platform: linux });
});
