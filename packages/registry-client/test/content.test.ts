import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BlobSource, MemoryStore } from '@estiba/image-spec';
import { expect, test } from 'vitest';
import { Content } from '../src/content.ts';
import { scratchLayout } from './fixture.ts';
import { nowhere } from './made.ts';

const text = 'abcdefghij';

/** A blob that comes letter by letter, and counts how often it is opened. */
function letters(options: { wait?: number } = {}) {
  const descriptor = new MemoryStore().add(text);
  const opened: number[] = [];
  const source: BlobSource = {
    async blob(_, { start = 0 } = {}) {
      opened.push(start);
      return Readable.from(slowly(text.slice(start), options.wait), { objectMode: false, highWaterMark: 1 });
    },
  };
  return { descriptor, opened, source };
}

async function* slowly(letters: string, wait: number | undefined): AsyncGenerator<Buffer> {
  for (const letter of letters) {
    if (wait !== undefined) await sleep(wait);
    yield Buffer.from(letter);
  }
}

async function readText(content: Content, start: number, end: number): Promise<string> {
  return String(await buffer(content.read(start, end)));
}

test('reads that follow each other share one stream', async () => {
  const { source, descriptor, opened } = letters();
  await using content = new Content(source, descriptor);
  expect(await readText(content, 0, 4)).toBe('abcd');
  expect(await readText(content, 4, 10)).toBe('efghij');
  expect(opened).toEqual([0]);
});

test('a read from another place opens the source there', async () => {
  const { source, descriptor, opened } = letters();
  await using content = new Content(source, descriptor);
  expect(await readText(content, 0, 8)).toBe('abcdefgh');
  expect(await readText(content, 3, 10)).toBe('defghij');
  expect(await readText(content, 0, 10)).toBe(text);
  expect(opened).toEqual([0, 3, 0]);
});

test('a read that was given up while it waited takes nothing from the next', async () => {
  const { source, descriptor, opened } = letters({ wait: 10 });
  await using content = new Content(source, descriptor);
  const first = content.read(0, 10);
  expect(String((await first.next()).value)).toBe('a');
  // The connection breaks now; nobody tells the one who reads, as he waits for the source.
  first.next().catch(() => {});
  expect(await readText(content, 1, 10)).toBe('bcdefghij');
  expect(opened).toEqual([0, 1]);
});

test('a chunk is cut where a piece ends', async () => {
  const store = new MemoryStore();
  const descriptor = store.add(text);
  await using content = new Content(store, descriptor);
  expect(await readText(content, 0, 3)).toBe('abc');
  expect(await readText(content, 3, 10)).toBe('defghij');
});

test('nothing is nothing', async () => {
  const store = new MemoryStore();
  await using content = new Content(store, store.add(''));
  expect(await readText(content, 0, 0)).toBe('');
});

test('what nobody has read yet counts all the same where the registry says that it has it', async () => {
  const { source, descriptor } = letters();
  await using content = new Content(source, descriptor);
  expect(await readText(content, 0, 2)).toBe('ab');
  expect(await readText(content, 7, 10)).toBe('hij');
  await using wrong = new Content(source, { ...descriptor, digest: nowhere });
  await expect(readText(wrong, 7, 10)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
});

test('who gives up does not wait for a source from which nothing comes', async () => {
  const stalled = new Readable({ read() {} });
  const { descriptor } = letters();
  const content = new Content({ blob: async () => stalled }, descriptor);
  content
    .read(0, 10)
    .next()
    .catch(() => {});
  await sleep(10);
  await content[Symbol.asyncDispose]();
  expect(stalled.destroyed).toBe(true);
});

test('only memory of sources that are known to give it away is called private', async () => {
  const store = new MemoryStore();
  await using layout = await scratchLayout();
  const descriptor = await layout.write(Buffer.from(text), { mediaType: 'text/plain' });
  const data = Buffer.from(text).toString('base64');
  expect(new Content(layout, descriptor).isPrivate).toBe(true);
  expect(new Content(layout, { ...descriptor, data }).isPrivate).toBe(false);
  expect(new Content(store, store.add(text)).isPrivate).toBe(false);
});

test('a source that opens only when nobody waits any more is closed again, and its failure is not told', async () => {
  const { descriptor } = letters();
  for (const failure of [undefined, new Error('the signal of the push')]) {
    const late = Promise.withResolvers<Readable>();
    const content = new Content({ blob: () => late.promise }, descriptor);
    const read = content.read(0, 10).next();
    await content[Symbol.asyncDispose]();
    const stream = new Readable({ read() {} });
    if (failure !== undefined) stream.destroy(failure);
    late.resolve(stream);
    await expect(read).rejects.toThrow('it was given up');
    expect(stream.destroyed).toBe(true);
  }
});

test('of two who want to read, the later has the source, whichever opens first', async () => {
  const { descriptor } = letters();
  const opened: PromiseWithResolvers<Readable>[] = [];
  const blob = () => {
    opened.push(Promise.withResolvers());
    return (opened.at(-1) as PromiseWithResolvers<Readable>).promise;
  };
  await using content = new Content({ blob }, descriptor);
  const [first, second] = [content.read(0, 10).next(), readText(content, 0, 10)];
  await expect.poll(() => opened.length).toBe(2);
  const streams = opened.map(() => Readable.from([Buffer.from(text)], { objectMode: false }));
  for (const place of [1, 0]) opened[place]?.resolve(streams[place] as Readable);
  await expect(first).rejects.toThrow('it was given up');
  expect(await second).toBe(text);
  expect(streams[0]?.destroyed).toBe(true);
});

test('a source of which nothing is wanted is not opened', async () => {
  const { source, descriptor, opened } = letters();
  await using content = new Content(source, { ...descriptor, size: 10 });
  expect(await readText(content, 0, 0)).toBe('');
  expect(opened).toEqual([]);
});
