import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { digestOf, MemoryStore } from '../../src/index.ts';

test('what was added is read by its digest, from any byte on', async () => {
  const store = new MemoryStore();
  const descriptor = store.add('content', 'text/plain');
  expect(descriptor).toEqual({ mediaType: 'text/plain', digest: digestOf('content'), size: 7 });
  expect(await text(await store.blob(descriptor))).toBe('content');
  expect(await text(await store.blob(descriptor, { start: 3 }))).toBe('tent');
  expect(await text(await store.blob(store.add('')))).toBe('');
  expect([...store.digests()]).toEqual([digestOf('content'), digestOf('')]);
});

test('what is larger than a piece is read whole', async () => {
  const store = new MemoryStore();
  const large = Buffer.alloc(2.5 * 1024 * 1024, 'abc');
  const stream = await store.blob(store.add(large));
  expect(Buffer.concat(await stream.toArray()).equals(large)).toBe(true);
});

test('what is not there, or is not as long, is refused', async () => {
  const store = new MemoryStore();
  const descriptor = store.add('content');
  await expect(store.blob({ ...descriptor, digest: digestOf('other') })).rejects.toMatchObject({
    code: 'BLOB_MISSING',
  });
  await expect(store.blob({ ...descriptor, size: 8 })).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
  expect(await store.has(descriptor)).toBe(true);
  expect(await store.has({ ...descriptor, size: 8 })).toBe(false);
});

test('a content that proves wrong is not added', async () => {
  const store = new MemoryStore();
  const wrong = store.write(Readable.from([Buffer.from('other')]), { expect: { digest: digestOf('content') } });
  await expect(wrong).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  expect([...store.digests()]).toEqual([]);
  expect(await store.write(Buffer.from('content'))).toMatchObject({ digest: digestOf('content'), size: 7 });
});
