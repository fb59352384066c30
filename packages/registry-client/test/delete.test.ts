import { Registry, type RegistryOptions } from '@estiba/registry';
import { expect, test } from 'vitest';
import { RegistryClient } from '../src/client.ts';
import { listOf, MemoryStore, makeImage, makeLayer, nowhere } from './made.ts';

async function setting(options: RegistryOptions = { deletes: true }) {
  const registry = await Registry.start(options);
  const credentials = { username: 'ann', password: 'secret' };
  const client = new RegistryClient(options.access === undefined ? {} : { credentials });
  const store = new MemoryStore();
  const layer = makeLayer(store, 10);
  const image = makeImage(store, [layer]);
  const name = `${registry.host}/app`;
  await client.push(image, `${name}:1`, { from: store, tags: ['2'] });
  return { registry, client, image, layer, name, [Symbol.asyncDispose]: () => registry.close() };
}

test('a tag is deleted, and its image stays', async () => {
  await using given = await setting();
  expect(await given.client.delete(`${given.name}:1`)).toBe(true);
  expect(await listOf(given.client.tags(given.name))).toEqual(['2']);
  expect(await given.client.exists(`${given.name}@${given.image.digest}`)).toBe(true);
  expect(await given.client.delete(`${given.name}:1`)).toBe(false);
});

test('an image is deleted with its tags', async () => {
  await using given = await setting();
  expect(await given.client.delete(`${given.name}@${given.image.digest}`)).toBe(true);
  expect(await given.client.exists(`${given.name}:2`)).toBe(false);
  expect(await given.client.delete(`${given.name}@${given.image.digest}`)).toBe(false);
});

test('a blob is deleted', async () => {
  await using given = await setting({ deletes: true, access: { username: 'ann', password: 'secret' } });
  expect(await given.client.exists(given.name, { blob: given.layer })).toBe(true);
  expect(await given.client.deleteBlob(given.name, given.layer)).toBe(true);
  expect(await given.client.exists(given.name, { blob: given.layer.digest })).toBe(false);
  expect(await given.client.deleteBlob(given.name, { digest: nowhere })).toBe(false);
});

test('a registry that does not delete is said to have that switched off', async () => {
  await using given = await setting({});
  await expect(given.client.delete(`${given.name}:1`)).rejects.toThrow(
    /^cannot delete tag .*; the registry has deleting/,
  );
});
