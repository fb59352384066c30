import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { buffer, text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '@estiba/image-spec';
import { Registry } from '@estiba/registry';
import { expect, test } from 'vitest';
import { RegistryClient } from '../src/client.ts';
import { makeImage, scratchLayout } from './fixture.ts';
import { serve } from './odd-server.ts';

test('a blob is streamed, and fails in place of ending when it is wrong', async () => {
  await using layout = await scratchLayout();
  await using registry = await Registry.start();
  const descriptor = await makeImage(layout, [2_000_000]);
  const name = await registry.add('demo/app:1', layout, descriptor);
  using client = new RegistryClient({ retryDelay: 1 });
  const [layer] = (await layout.image(descriptor)).manifest.layers;
  if (layer === undefined) throw new Error('the image has a layer');
  registry.fail({ path: layer.digest, cutAfter: 1_000_000 });
  expect((await buffer(await client.blob(name, layer))).equals(await buffer(await layout.blob(layer)))).toBe(true);
  registry.fail({ path: layer.digest, corruptAt: 0 });
  await expect(buffer(await client.blob(name, layer))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
});

test('a reader that takes its time is not taken for a registry that stopped', async () => {
  await using layout = await scratchLayout();
  await using registry = await Registry.start();
  const descriptor = await makeImage(layout, [4_000_000]);
  const name = await registry.add('demo/app:1', layout, descriptor);
  using client = new RegistryClient({ retries: 0, timeouts: { idle: 50 } });
  const [layer] = (await layout.image(descriptor)).manifest.layers;
  if (layer === undefined) throw new Error('the image has a layer');
  let size = 0;
  for await (const chunk of await client.blob(name, layer)) {
    if (size === 0) await new Promise((resolve) => setTimeout(resolve, 200));
    size += chunk.length;
  }
  expect(size).toBe(layer.size);
});

test('a program that is done with its client ends', async () => {
  await using layout = await scratchLayout();
  await using registry = await Registry.start();
  const name = await registry.add('demo/app:1', layout, await makeImage(layout, [10]));
  const source = new URL('../src/index.ts', import.meta.url).href;
  const script = `
    import { RegistryClient } from ${JSON.stringify(source)};
    const client = new RegistryClient();
    await client.resolve('${name}');
    await client.manifest('${name}');
    await client.manifest('${name}0').catch(() => {});
    for await (const tag of client.tags('${name}')) console.log(tag);`;
  const options = { timeout: 10_000, stdio: 'ignore' as const };
  const child = spawn(process.execPath, ['--conditions=estiba-source', '--input-type=module', '-e', script], options);
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('one connection serves requests that follow each other', async () => {
  await using layout = await scratchLayout();
  await using registry = await Registry.start();
  const name = await registry.add('demo/app:1', layout, await makeImage(layout, [10]));
  using client = new RegistryClient();
  for (let round = 0; round < 3; round++) await client.resolve(name);
  await client.manifest(name);
  expect(new Set(registry.requests.map(({ port }) => port)).size).toBe(1);
});

test('to close a client leaves alone what is on its way', async () => {
  let respond = () => {};
  await using server = await serve((_, response) => {
    response.writeHead(200, { 'content-length': 20 }).write('0123456789');
    respond = () => response.end('0123456789');
  });
  const content = '01234567890123456789';
  const client = new RegistryClient({ retries: 0 });
  const descriptor = { mediaType: 'text/plain', digest: digestOf(content), size: content.length };
  const pieces = (await client.blob(`${server.host}/app`, descriptor))[Symbol.asyncIterator]();
  expect(String((await pieces.next()).value)).toBe('0123456789');
  client.close();
  respond();
  expect(String((await pieces.next()).value)).toBe('0123456789');
  expect((await pieces.next()).done).toBe(true);
});

test.each(['blob', 'source'] as const)('who destroys a stream of %s() does not keep its connection', async (which) => {
  let closed = false;
  await using server = await serve((_, response) => {
    response.writeHead(200, { 'content-length': 1000 }).write('x');
    response.on('close', () => {
      closed = true;
    });
  });
  using client = new RegistryClient();
  const descriptor = { mediaType: 'text/plain', digest: digestOf(''), size: 1000 };
  const name = `${server.host}/app`;
  const stream = which === 'blob' ? await client.blob(name, descriptor) : await client.source(name).blob(descriptor);
  await once(stream.resume(), 'data');
  stream.destroy();
  await expect.poll(() => closed).toBe(true);
});

test('a stream that was read to its end leaves its connection to the next', async () => {
  const connections = new Set<unknown>();
  await using server = await serve((request, response) => {
    connections.add(request.socket);
    response.end('hello');
  });
  using client = new RegistryClient();
  const descriptor = { mediaType: 'text/plain', digest: digestOf('hello'), size: 5 };
  for (let round = 0; round < 5; round++) {
    expect(await text(await client.blob(`${server.host}/app`, descriptor))).toBe('hello');
    await sleep(5);
  }
  expect(connections.size).toBe(1);
});
