import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { VolumeOptions } from '../../src/volumes/volume-store.ts';
import { scratchOfLayers } from '../scratch-of-layers.ts';
import { codes, open } from './image-tree.ts';

it.each([
  ['a number', { a: 1 }, '"a" is a number'],
  ['nothing', { 'b c': null }, '"b c" is null'],
  ['an object', { a: 'x', b: { c: 'd' } }, '"b" is an object'],
])('the label of a volume is not %s', async (_, labels, why) => {
  using folder = scratchOfLayers('volumes');
  const store = await open(folder.path);
  await expect(store.create('db', { labels } as unknown as VolumeOptions)).rejects.toMatchObject({
    code: 'NAME_INVALID',
    message: `cannot create the volume db: labels are texts by their names, and ${why}`,
  });
  expect(await store.volumes()).toEqual([]);
});

it.each([null, 'a=b', ['a'], 5])('the labels of a volume are not %j', async (labels) => {
  using folder = scratchOfLayers('volumes');
  const store = await open(folder.path);
  const create = store.create(undefined, { labels } as unknown as VolumeOptions);
  await expect(create).rejects.toEqual(codes('NAME_INVALID'));
  expect([...(await store.volumes()), ...readdirSync(folder.join('store/tmp'))]).toEqual([]);
});

it('labels of a volume are those that it was made with, whatever becomes of the object', async () => {
  using folder = scratchOfLayers('volumes');
  const labels = { app: 'shop' };
  const volume = await (await open(folder.path)).create('db', { labels });
  labels.app = 'other';
  expect(volume.labels).toEqual({ app: 'shop' });
});

it('the usage of a volume that is gone is not told', async () => {
  using folder = scratchOfLayers('volumes');
  const store = await open(folder.path);
  const volume = await store.create('db');
  await store.remove('db');
  await expect(volume.usage()).rejects.toMatchObject({
    code: 'VOLUME_MISSING',
    message: 'cannot measure the volume db: it has been removed',
  });
});
