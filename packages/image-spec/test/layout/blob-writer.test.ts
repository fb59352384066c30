import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { digestOf } from '../../src/digest.ts';
import { openLayout, scratch } from '../scratch.ts';

const content = randomBytes(5_000_000);
const expected = { digest: digestOf(content), size: content.length };
const chunks = Array.from({ length: 50 }, (_, number) => content.subarray(number * 100_000, (number + 1) * 100_000));

test('whoever follows gets every byte, and the end after the blob is in place', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  await using writer = await layout.writer(expected);
  const followed = buffer(writer.follow());
  let ended = false;
  void followed.then(() => {
    ended = true;
  });
  for (const chunk of chunks) await writer.write(chunk);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(ended).toBe(false);
  await writer.commit();
  expect((await followed).equals(content)).toBe(true);
  expect(await layout.has(expected.digest)).toBe(true);
  expect((await buffer(writer.follow())).equals(content)).toBe(true);
});

test('a blob that proves wrong fails for those who follow it', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  await using writer = await layout.writer({ digest: digestOf('other'), size: content.length });
  const followed = expect(buffer(writer.follow())).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  for (const chunk of chunks) await writer.write(chunk);
  await expect(writer.commit()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  await followed;
  expect(await readdir(join(folder.path, '.ingest'))).toEqual([]);
  expect(await readdir(join(folder.path, 'blobs/sha256'))).toEqual([]);
});

test('memory that was given away is released when it is in the file, and no other', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  await using writer = await layout.writer({});
  const [given, kept] = [new Uint8Array(100_000).fill(1), new Uint8Array(100_000).fill(2)];
  const part = kept.subarray(10);
  await writer.write(given, { transfer: true });
  await writer.write(kept);
  await writer.write(part, { transfer: true });
  const { size } = await writer.commit();
  expect([size, given.length, kept.length, part.length]).toEqual([299_990, 0, 100_000, 99_990]);
});

test('a writer that is given up leaves nothing, and those who follow learn why', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const writer = await layout.writer(expected);
  const followed = expect(buffer(writer.follow())).rejects.toThrow('given up');
  for (const chunk of chunks) await writer.write(chunk);
  await writer.abort(new Error('given up'));
  await followed;
  expect(await readdir(join(folder.path, '.ingest'))).toEqual([]);
  expect(() => writer.write(content)).toThrow('given up');
});

test('a digest that is told at the end is checked, too', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  await using writer = await layout.writer();
  await writer.write(Buffer.from('x'));
  await expect(writer.commit({ digest: digestOf('y') })).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  expect(await readdir(join(folder.path, 'blobs/sha256'))).toEqual([]);
});

test('what is committed cannot be committed again, and stays', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  await using writer = await layout.writer();
  await writer.write(content);
  await writer.commit();
  await expect(writer.commit()).rejects.toMatchObject({ message: expect.stringContaining('the blob is committed') });
  expect(await layout.has(expected.digest)).toBe(true);
});

test.each(['writer', 'ingest'] as const)(
  'a blob that is given up while it is committed fails with the reason, by %s',
  async (way) => {
    await using folder = await scratch();
    const layout = await openLayout(folder.path);
    const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const add = () => {
      asked.resolve();
      return answered.promise;
    };
    const made =
      way === 'writer'
        ? await layout.writer(expected, { lease: { add } })
        : await layout.ingest({ ...expected, mediaType: 'x/y' });
    await using writer = made as NonNullable<typeof made>;
    for (const chunk of chunks) await writer.write(chunk);
    const committed = expect(writer.commit()).rejects.toThrow('given up');
    if (way === 'writer') await asked.promise;
    const aborted = writer.abort(new Error('given up'));
    answered.resolve();
    await Promise.all([committed, aborted]);
    expect(await layout.has(expected.digest)).toBe(false);
  },
);

test('a writer asks to wait before it holds too much in memory', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  await using writer = await layout.writer();
  const answers = Array.from({ length: 100 }, () => writer.write(Buffer.alloc(100_000)));
  expect(answers[0]).toBeUndefined();
  expect(answers.at(-1)).toBeInstanceOf(Promise);
  await writer.commit();
});

test('a follower can be stopped while nothing comes', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  await using writer = await layout.writer();
  await writer.write(Buffer.alloc(2 * 1024 * 1024));
  const follower = writer.follow();
  const stopped = expect(buffer(follower)).rejects.toThrow('enough');
  await sleep(50);
  follower.destroy(new Error('enough'));
  await Promise.race([once(follower, 'close').catch(() => {}), sleep(2000)]);
  expect(follower.closed).toBe(true);
  await stopped;
});
