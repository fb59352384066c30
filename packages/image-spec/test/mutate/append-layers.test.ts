import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test, vi } from 'vitest';
import {
  appendLayers,
  type BlobSource,
  type Descriptor,
  digestOf,
  type Layer,
  MemoryStore,
  mediaTypes,
  openImage,
  save,
} from '../../src/index.ts';
import { made } from '../made.ts';
import { collect } from '../scratch.ts';

const tar = Buffer.from('the new layer, or what stands for it');
const gzip = gzipSync(tar);

test('a layer is put on top, with its digest and its diff id, and the base stays as it is', async () => {
  const { image: base, descriptor } = await made(['base']);
  const image = appendLayers(base, [{ bytes: gzip, history: { created_by: 'a test' } }]);
  const layers = await collect(image.layers());
  expect(layers.map(({ diffId }) => diffId)).toEqual([digestOf('base'), digestOf(tar)]);
  expect(layers[1]?.descriptor).toEqual({ mediaType: mediaTypes.layerGzip, digest: digestOf(gzip), size: gzip.length });
  expect(layers[1]?.parent).toBe(layers[0]?.chainId);
  expect(await text(await (layers[0] as Layer).open())).toBe('base');
  expect(await text(await (layers[1] as Layer).uncompressed())).toBe(tar.toString());
  expect((await image.config).history).toEqual([{ comment: 'not recorded' }, { created_by: 'a test' }]);
  expect((await image.descriptor).digest).not.toBe(descriptor.digest);
  expect(await collect(base.layers())).toHaveLength(1);
});

test('an image whose history was never recorded gets none, unless a layer has one', async () => {
  const { image } = await made(['base']);
  const bytes = Buffer.from('layer');
  const none = appendLayers(image, [{ bytes }], { created: '2026-01-01T00:00:00Z' });
  expect(await none.config).not.toHaveProperty('history');
  const some = appendLayers(none, [{ bytes }, { bytes, history: { comment: 'c' } }]);
  expect((await some.config).history).toEqual([...Array(2).fill({ comment: 'not recorded' }), {}, { comment: 'c' }]);
});

test('nothing is read before somebody asks', async () => {
  const { store, descriptor } = await made(['base']);
  const blob = vi.fn<BlobSource['blob']>((wanted, options) => store.blob(wanted, options));
  const stream = vi.fn(() => Readable.from([tar]));
  const image = appendLayers(await openImage({ blob }, descriptor), [{ stream }]);
  expect(blob).not.toHaveBeenCalled();
  expect(stream).not.toHaveBeenCalled();
  await image.descriptor;
  // The manifest and the config; not the layer below.
  expect(blob).toHaveBeenCalledTimes(2);
  expect(stream).toHaveBeenCalledTimes(1);
});

test.each([
  ['plain', tar, mediaTypes.layer],
  ['gzip', gzip, mediaTypes.layerGzip],
  ['zstd', zstdCompressSync(tar), mediaTypes.layerZstd],
])('the media type of a %s layer is told by its content', async (_, bytes, mediaType) => {
  const { image } = await made(['base']);
  const manifest = await appendLayers(image, [{ bytes }]).manifest;
  expect(manifest.layers[1]?.mediaType).toBe(mediaType);
});

test('a media type that the content contradicts is refused', async () => {
  const { image } = await made(['base']);
  const wrong = appendLayers(image, [{ bytes: gzip, mediaType: mediaTypes.layerZstd }]);
  await expect(async () => wrong.descriptor).rejects.toMatchObject({ code: 'MEDIA_TYPE_CONFLICT' });
});

test('a layer that cannot be decompressed is refused', async () => {
  const { image } = await made(['base']);
  const cut = appendLayers(image, [{ bytes: gzip.subarray(0, -5) }]);
  await expect(async () => cut.descriptor).rejects.toMatchObject({ code: 'LAYER_INVALID' });
});

test('a blob of another source is taken without being read, if its diff id is told', async () => {
  const { image } = await made(['base']);
  const elsewhere = new MemoryStore();
  const blob = elsewhere.add(gzip, mediaTypes.layerGzip);
  const read = vi.spyOn(elsewhere, 'blob');
  const told = appendLayers(image, [{ blob, source: elsewhere, diffId: digestOf(tar) }]);
  const { digest } = await told.descriptor;
  expect(read).not.toHaveBeenCalled();
  const found = appendLayers(image, [{ blob, source: elsewhere }]);
  expect((await found.descriptor).digest).toBe(digest);
  expect(read).toHaveBeenCalledTimes(1);
  const [, layer] = await collect(told.layers());
  expect((await buffer(await (layer as Layer).open())).equals(gzip)).toBe(true);
});

test('a stream that can be read once is read by save, and not before', async () => {
  const { image: base } = await made(['base']);
  const image = appendLayers(base, [{ stream: Readable.from([gzip]) }]);
  await expect(async () => image.descriptor).rejects.toMatchObject({ code: 'LAYER_UNREAD' });
  const store = new MemoryStore();
  const descriptor = await save(image, store);
  expect(await image.descriptor).toEqual(descriptor);
  const [, layer] = await collect((await openImage(store, descriptor)).layers());
  expect(await text(await (layer as Layer).uncompressed())).toBe(tar.toString());
});

test('a stream that is not the same a second time is refused', async () => {
  const { image: base } = await made(['base']);
  let times = 0;
  const image = appendLayers(base, [{ stream: () => Readable.from([Buffer.from(`time ${++times}`)]) }]);
  await image.descriptor;
  const [, layer] = await collect(image.layers());
  await expect((layer as Layer).open().then(buffer)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  await expect(save(image, new MemoryStore())).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
});

test('a stream is read from any byte on', async () => {
  const { image: base } = await made(['base']);
  const image = appendLayers(base, [{ stream: () => Readable.from([tar.subarray(0, 7), tar.subarray(7)]) }]);
  const { layers } = await image.manifest;
  for (const start of [0, 3, 7, 10, tar.length]) {
    const rest = await image.source.blob(layers[1] as Descriptor, { start });
    expect((await buffer(rest)).equals(tar.subarray(start)), `from ${start}`).toBe(true);
  }
});

test('a stream that fails fails the image, and may be tried again', async () => {
  const { image: base } = await made(['base']);
  let fails = true;
  const stream = async function* () {
    yield tar.subarray(0, 5);
    if (fails) throw new Error('the disk is gone');
    yield tar.subarray(5);
  };
  const image = appendLayers(base, [{ stream }]);
  await expect(async () => image.descriptor).rejects.toThrow('the disk is gone');
  await expect(save(image, new MemoryStore())).rejects.toThrow('the disk is gone');
  fails = false;
  expect((await collect(image.layers()))[1]?.diffId).toBe(digestOf(tar));
});

test('an image of Docker stays one while Docker has words for its layers', async () => {
  const { image: base } = await made(['base'], { docker: true });
  const manifest = await appendLayers(base, [{ bytes: gzip, mediaType: mediaTypes.layerGzip }]).manifest;
  expect(manifest.mediaType).toBe(mediaTypes.dockerManifest);
  expect(manifest.config.mediaType).toBe(mediaTypes.dockerConfig);
  expect(manifest.layers.map(({ mediaType }) => mediaType)).toEqual([
    mediaTypes.dockerLayer,
    mediaTypes.dockerLayerGzip,
  ]);
});

test('an image of Docker becomes one of the OCI with a layer that Docker has no word for', async () => {
  const { image: base } = await made(['base'], { docker: true });
  const manifest = await appendLayers(base, [{ bytes: gzip }, { bytes: zstdCompressSync(tar) }]).manifest;
  expect(manifest.mediaType).toBe(mediaTypes.manifest);
  expect(manifest.config.mediaType).toBe(mediaTypes.config);
  const { layer, layerGzip, layerZstd } = mediaTypes;
  expect(manifest.layers.map(({ mediaType }) => mediaType)).toEqual([layer, layerGzip, layerZstd]);
});

test('a layer of Docker is one of the OCI in an image of the OCI', async () => {
  const { image: base } = await made(['base']);
  const manifest = await appendLayers(base, [{ bytes: gzip, mediaType: mediaTypes.dockerLayerGzip }]).manifest;
  expect(manifest.layers[1]?.mediaType).toBe(mediaTypes.layerGzip);
});

test('layers are put on a layer that was put there', async () => {
  const { image: base } = await made(['base']);
  const image = appendLayers(appendLayers(base, [{ bytes: gzip }]), [{ bytes: Buffer.from('third') }]);
  expect((await collect(image.layers())).map(({ diffId }) => diffId)).toEqual(
    [Buffer.from('base'), tar, Buffer.from('third')].map((content) => digestOf(content)),
  );
  const store = new MemoryStore();
  await save(image, store);
  expect([...store.digests()]).toHaveLength(5);
});

test('a stream that was read is not taken for a layer again, whether a save failed or another image had it', async () => {
  const { image: base } = await made(['base']);
  const stream = async function* () {
    yield tar.subarray(0, 5);
    yield tar.subarray(5);
  };
  const layer = { stream: stream() };
  const image = appendLayers(base, [layer]);
  const store = new MemoryStore();
  vi.spyOn(store, 'write').mockImplementationOnce(async (content) => {
    for await (const _piece of content as AsyncIterable<Uint8Array>) throw new Error('the disk is full');
    throw new Error('there was no content');
  });
  await expect(save(image, store)).rejects.toThrow('the disk is full');
  await expect(save(image, store)).rejects.toMatchObject({ code: 'LAYER_UNREAD' });
  await expect(save(appendLayers(base, [layer]), store)).rejects.toMatchObject({ code: 'LAYER_UNREAD' });
});

test('a stream whose writing did not begin may be tried again', async () => {
  const { image: base } = await made(['base']);
  const image = appendLayers(base, [{ stream: Readable.from([tar]) }]);
  const store = new MemoryStore();
  vi.spyOn(store, 'write').mockRejectedValueOnce(new Error('no room'));
  await expect(save(image, store)).rejects.toThrow('no room');
  await save(image, store);
  expect((await collect(image.layers()))[1]?.diffId).toBe(digestOf(tar));
});

test('a long layer that is compressed by xz is refused without reading on', { timeout: 5000 }, async () => {
  const { image: base } = await made(['base']);
  const stream = async function* () {
    yield Buffer.from('fd377a585a00', 'hex');
    for (let at = 0; at < 200; at += 1) yield Buffer.alloc(64 * 1024, at);
  };
  const image = appendLayers(base, [{ stream }]);
  await expect(async () => image.descriptor).rejects.toMatchObject({ code: 'LAYER_INVALID' });
});

test('a stream that stands still when it is opened again is left when the signal comes', {
  timeout: 5000,
}, async () => {
  const { image: base } = await made(['base']);
  let times = 0;
  const stream = async function* () {
    yield tar;
    if (++times > 1) await new Promise(() => {});
  };
  const image = appendLayers(base, [{ stream }]);
  const { layers } = await image.manifest;
  const stop = new AbortController();
  const blob = await image.source.blob(layers[1] as Descriptor, { signal: stop.signal });
  const reading = buffer(blob);
  setTimeout(() => stop.abort(new Error('enough')), 50);
  await expect(reading).rejects.toThrow('enough');
});
