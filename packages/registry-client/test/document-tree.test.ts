import { mediaTypes } from '@estiba/image-spec';
import { expect, test } from 'vitest';
import { readTree } from '../src/document-tree.ts';
import { limitTo } from '../src/limit.ts';
import { MemoryStore, makeImage, makeIndex, makeLayer } from './made.ts';

const options = { limit: limitTo(4) };

test('an index that is nested without end is refused', async () => {
  const store = new MemoryStore();
  let root = makeImage(store, [makeLayer(store, 1)]);
  for (let depth = 0; depth < 4; depth++) root = makeIndex(store, [root]);
  expect((await readTree(store, root, options)).documents).toHaveLength(5);
  root = makeIndex(store, [root]);
  await expect(readTree(store, root, options)).rejects.toMatchObject({ code: 'DOCUMENT_INVALID' });
});

test('documents that are too many to be held are refused', async () => {
  const store = new MemoryStore();
  const text = 'x'.repeat(4_000_000);
  const images = Array.from({ length: 17 }, (_, number) =>
    makeImage(store, [], { annotations: { text, number: `${number}` } }),
  );
  const root = makeIndex(store, images);
  await expect(readTree(store, root, options)).rejects.toMatchObject({ code: 'DOCUMENT_TOO_LARGE' });
  await readTree(store, makeIndex(store, images.slice(1)), options);
});

test('what an index names that is neither a manifest nor an index is content like any other', async () => {
  const store = new MemoryStore();
  const [one, other] = [store.add('one', 'application/vnd.future.thing'), store.add('{}', mediaTypes.config)];
  const root = makeIndex(store, [one, other, makeImage(store, [])]);
  const tree = await readTree(store, root, options);
  expect(tree.documents).toHaveLength(2);
  expect(tree.blobs.map(({ digest }) => digest)).toEqual(expect.arrayContaining([one.digest, other.digest]));
  expect(tree.absent).toEqual([]);
});

test('what is to be read has to be a manifest or an index', async () => {
  const store = new MemoryStore();
  const root = store.add('{}', mediaTypes.config);
  await expect(readTree(store, root, options)).rejects.toMatchObject({ code: 'MEDIA_TYPE_UNSUPPORTED' });
});

test('the first error stops the rest', async () => {
  const store = new MemoryStore();
  const images = Array.from({ length: 50 }, () => makeImage(store, [makeLayer(store, 1)]));
  const root = makeIndex(store, images);
  let reads = 0;
  const broken = {
    blob: async (...args: Parameters<MemoryStore['blob']>) => {
      reads += 1;
      if (reads === 3) throw new Error('broken');
      return store.blob(...args);
    },
  };
  await expect(readTree(broken, root, options)).rejects.toThrow('broken');
  expect(reads).toBeLessThan(10);
});
