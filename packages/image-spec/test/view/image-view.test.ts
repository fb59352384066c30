import { expect, test } from 'vitest';
import { type BlobSource, digestOf, loadImage, MemoryStore, mediaTypes, openImage } from '../../src/index.ts';
import { made } from '../made.ts';
import { collect } from '../scratch.ts';

/** What is read of a store, in its order. */
function watched(store: MemoryStore): { source: BlobSource; read: string[] } {
  const read: string[] = [];
  return {
    read,
    source: {
      blob: (descriptor, options) => {
        read.push(descriptor.mediaType);
        return store.blob(descriptor, options);
      },
    },
  };
}

test('an image is read only when somebody asks, and once', async () => {
  const { store, descriptor } = await made(['one', 'two']);
  const { source, read } = watched(store);
  const image = await openImage(source, descriptor);
  expect(read).toEqual([]);
  expect(await image.descriptor).toBe(descriptor);
  expect((await image.config).os).toBe('linux');
  expect(await image.id).toBe((await image.manifest).config.digest);
  const layers = await collect(image.layers());
  expect(layers.map(({ size }) => size)).toEqual([3, 3]);
  expect(read).toEqual([mediaTypes.manifest, mediaTypes.config]);
});

test('after a failure it is read again', async () => {
  const { store, descriptor } = await made(['one']);
  let failures = 1;
  const source: BlobSource = {
    blob: async (wanted, options) => {
      if (failures-- > 0) throw new Error('the line is down');
      return store.blob(wanted, options);
    },
  };
  const image = await openImage(source, descriptor);
  await expect(async () => image.config).rejects.toThrow('the line is down');
  expect((await image.config).os).toBe('linux');
});

test('an index leads to the image of a platform, which has that platform', async () => {
  const store = new MemoryStore();
  const manifests = await Promise.all(
    ['amd64', 'arm64'].map(async (architecture) => ({
      ...(await made([architecture], { store, config: { architecture } })).descriptor,
      platform: { os: 'linux', architecture },
    })),
  );
  const index = store.addJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }, mediaTypes.index);
  const image = await openImage(store, index, { platform: { os: 'linux', architecture: 'arm64' } });
  expect(await image.platform).toEqual({ os: 'linux', architecture: 'arm64' });
  expect((await image.config).architecture).toBe('arm64');
  await expect(openImage(store, index, { platform: { os: 'plan9', architecture: 'mips' } })).rejects.toMatchObject({
    code: 'PLATFORM_MISSING',
  });
});

test('an image that has been read is a view like any other', async () => {
  const { store, descriptor } = await made(['one'], { config: { variant: 'v2' } });
  const image = await loadImage(store, descriptor);
  expect(image.platform).toEqual({ os: 'linux', architecture: 'amd64', variant: 'v2' });
  expect(image.id).toBe(image.manifest.config.digest);
  expect((await collect(image.layers()))[0]?.diffId).toBe(digestOf('one'));
});

test('reading stops with the signal', async () => {
  const { store, descriptor } = await made(['one']);
  const signal = AbortSignal.abort(new Error('enough'));
  const image = await openImage(store, descriptor, { signal });
  await expect(async () => image.manifest).rejects.toThrow('enough');
  const controller = new AbortController();
  const [layer] = await collect((await openImage(store, descriptor, { signal: controller.signal })).layers());
  controller.abort(new Error('enough'));
  await expect(layer?.open()).rejects.toThrow('enough');
  expect(await layer?.open({ signal: new AbortController().signal })).toBeDefined();
});
