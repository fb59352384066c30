import { readFile, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import {
  appendLayers,
  convertToOci,
  digestOf,
  type ImageTarget,
  MemoryStore,
  makeIndex,
  openImage,
  save,
} from '../../src/index.ts';
import { made } from '../made.ts';
import { collect, openLayout, scratch } from '../scratch.ts';

test('only what is missing is written, what leads to it last, and then it has a name', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const { image: base, descriptor } = await made(['base']);
  const written: string[] = [];
  const onBlob = ({ digest }: { digest: string }) => written.push(digest);
  expect(await save(base, layout, { name: 'base', onBlob })).toEqual(descriptor);
  const { config, layers } = await base.manifest;
  expect(written).toEqual([layers[0]?.digest, config.digest, descriptor.digest]);

  written.length = 0;
  const image = appendLayers(base, [{ bytes: Buffer.from('more') }]);
  const saved = await save(image, layout, { name: 'more', onBlob });
  expect(written).toEqual([digestOf('more'), (await image.manifest).config.digest, saved.digest]);
  written.length = 0;
  await save(image, layout, { onBlob });
  expect(written).toEqual([]);
  expect((await layout.image('more')).descriptor.digest).toBe(saved.digest);
  expect((await collect(layout.images())).map(({ name }) => name)).toEqual(['base', 'more']);
});

test('documents are copied as they are, byte for byte', async () => {
  const store = new MemoryStore();
  const { descriptor } = await made(['base'], { store });
  const loose = Buffer.from(
    JSON.stringify(JSON.parse((await (await store.blob(descriptor)).toArray()).join('')), null, 7),
  );
  const strange = store.add(loose, descriptor.mediaType);
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  expect(await save(await openImage(store, strange), layout)).toEqual(strange);
  expect((await readFile(layout.path(strange.digest))).equals(loose)).toBe(true);
});

test('content that is wrong is not saved, nor is anything that leads to it', async () => {
  await using folder = await scratch();
  const source = await openLayout(folder.path);
  const { image } = await made(['base']);
  const descriptor = await save(image, source);
  await writeFile(source.path(digestOf('base')), 'evil');
  const store = new MemoryStore();
  await expect(save(await openImage(source, descriptor), store)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  expect([...store.digests()]).toEqual([]);
});

test('what is missing in the source is missed', async () => {
  const store = new MemoryStore();
  const { store: whole, descriptor } = await made(['base']);
  for (const wanted of [descriptor, (await (await openImage(whole, descriptor)).manifest).config]) {
    store.add(Buffer.concat(await (await whole.blob(wanted)).toArray()));
  }
  const broken = await openImage(store, descriptor);
  await expect(save(broken, new MemoryStore())).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  await expect(save(makeIndex([broken]), new MemoryStore())).rejects.toMatchObject({ code: 'BLOB_MISSING' });
});

test('a prune in between takes nothing away', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const { image } = await made(['one', 'two']);
  const prunes: ReturnType<typeof layout.prune>[] = [];
  await save(image, layout, { name: 'kept', onBlob: () => prunes.push(layout.prune()) });
  expect((await Promise.all(prunes)).map(({ removed }) => removed)).toEqual([[], [], [], []]);
  for await (const layer of (await layout.image('kept')).layers())
    expect(await layout.has(layer.descriptor)).toBe(true);
});

test('a prune takes nothing of a layer that is written while it is measured', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const { image } = await made(['base']);
  // Between the moment when a blob is there, and that in which `save` goes on.
  const removed: string[] = [];
  const into: ImageTarget = {
    blob: (descriptor, options) => layout.blob(descriptor, options),
    has: (descriptor) => layout.has(descriptor),
    lease: () => layout.lease(),
    tag: (name, descriptor) => layout.tag(name, descriptor),
    write: async (content, options) => {
      const written = await layout.write(content instanceof Uint8Array ? content : Readable.from(content), options);
      removed.push(...(await layout.prune()).removed);
      return written;
    },
  };
  const once = Readable.from([Buffer.from('read once')]);
  await save(appendLayers(image, [{ stream: once }]), into, { name: 'kept' });
  expect(removed).toEqual([]);
  for await (const { descriptor } of (await layout.image('kept')).layers())
    expect(await layout.has(descriptor)).toBe(true);
});

test('a layer that is written while it is measured stops with the signal', async () => {
  const { image } = await made(['base']);
  const controller = new AbortController();
  const endless = async function* () {
    for (let piece = 0; piece < 1000; piece++) {
      if (piece === 3) controller.abort(new Error('enough'));
      yield Buffer.alloc(512);
    }
  };
  const store = new MemoryStore();
  const saving = save(appendLayers(image, [{ stream: endless() }]), store, { signal: controller.signal });
  await expect(saving).rejects.toThrow('enough');
  expect([...store.digests()]).toEqual([]);
});

test('a layer that never goes on stops with the signal, and is closed', async () => {
  const { image } = await made(['base']);
  const controller = new AbortController();
  const stalled = new Readable({ read: () => {} });
  setTimeout(() => controller.abort(new Error('enough')), 50);
  const saving = save(appendLayers(image, [{ stream: stalled }]), new MemoryStore(), { signal: controller.signal });
  await expect(saving).rejects.toThrow('enough');
  expect(stalled.destroyed).toBe(true);
}, 5000);

test('saving stops with the signal', async () => {
  const { image } = await made(['one', 'two']);
  const controller = new AbortController();
  const store = new MemoryStore();
  const onBlob = () => controller.abort(new Error('enough'));
  await expect(save(image, store, { signal: controller.signal, onBlob })).rejects.toThrow('enough');
  expect([...store.digests()]).toEqual([digestOf('one')]);
});

test('a conversion to the words of the OCI keeps the image id, and an image that has them stays', async () => {
  const { image } = await made(['base'], { docker: true });
  expect(await convertToOci(image).id).toBe(await image.id);
  const store = new MemoryStore();
  const descriptor = await save(convertToOci(image), store);
  expect((await (await openImage(store, descriptor)).manifest).layers[0]?.mediaType).toMatch(/oci/);
});

test('a save that is aborted does not end another one of the same image', async () => {
  const { image: base } = await made(['base']);
  let go = () => {};
  const waiting = new Promise<void>((resolve) => {
    go = resolve;
  });
  const stream = async function* () {
    await waiting;
    yield Buffer.from('layer');
  };
  const image = makeIndex([appendLayers(base, [{ stream }])]);
  const stop = new AbortController();
  const [one, two] = [new MemoryStore(), new MemoryStore()];
  const aborted = save(image, one, { signal: stop.signal });
  const kept = save(image, two);
  setTimeout(() => stop.abort(new Error('enough')), 20);
  await expect(aborted).rejects.toThrow('enough');
  go();
  expect(await two.has(await kept)).toBe(true);
});
