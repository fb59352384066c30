import { randomBytes } from 'node:crypto';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type BlobWriter, describe, type ImageLayout } from '../../src/index.ts';
import { blobLockPath, ingestDirectory, partPath } from '../../src/layout/places.ts';
import { openLayout, scratch } from '../scratch.ts';
import { otherProcess } from './other-process.ts';

const content = randomBytes(3_000_000);
const blob = describe(content, 'application/octet-stream');

async function begun(layout: ImageLayout): Promise<BlobWriter> {
  const writer = await layout.ingest(blob);
  if (writer === undefined) throw new Error('the blob is there already');
  return writer;
}

async function pending(layout: ImageLayout): Promise<string[]> {
  return (await readdir(ingestDirectory(layout.directory))).map((name) => name.replace(/.*\./, '')).sort();
}

test('a blob is continued where its writer gave up', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const first = await begun(layout);
  await first.write(content.subarray(0, 1_234_567));
  await first.abort(new Error('cut'));
  expect(await pending(layout)).toEqual(['part']);
  await using second = await begun(layout);
  expect(second.size).toBe(1_234_567);
  const followed = buffer(second.follow());
  await second.write(content.subarray(second.size));
  await second.commit();
  expect((await followed).equals(content)).toBe(true);
  expect((await readFile(layout.path(blob.digest))).equals(content)).toBe(true);
  expect(await pending(layout)).toEqual([]);
  expect(await layout.ingest(blob)).toBeUndefined();
});

test('a killed writer loses less than 1 MiB, and another process goes on', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  await writeFile(join(folder.path, 'content'), content);
  const other = otherProcess(
    folder.path,
    `const writer = await layout.ingest(${JSON.stringify(blob)});
    let sent = 0;
    const content = (await import('node:fs')).readFileSync(process.argv[1] + '/content');
    for (; sent < 2_500_000; sent += 65_536) await writer.write(content.subarray(sent, sent + 65_536));
    say(String(sent));
    process.kill(process.pid, 'SIGKILL');`,
  );
  const sent = Number(await other.said());
  await other.closed;
  await openLayout(folder.path);
  await using writer = await begun(layout);
  expect(writer.size).toBeGreaterThan(sent - 1024 * 1024);
  await writer.write(content.subarray(writer.size));
  await writer.commit();
});

test('one writer at a time, and the others find the blob complete', async () => {
  await using folder = await scratch();
  const layouts = await Promise.all(Array.from({ length: 4 }, () => openLayout(folder.path)));
  let writers = 0;
  const fetch = async (layout: ImageLayout) => {
    await using writer = await layout.ingest(blob);
    if (writer === undefined) return;
    writers++;
    await sleep(20);
    await writer.write(content);
    await writer.commit();
  };
  await Promise.all(layouts.map(fetch));
  expect(writers).toBe(1);
});

test('when the writer dies, one of those who wait takes over', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const script = `const writer = await layout.ingest(${JSON.stringify(blob)}); say('has it'); setInterval(() => {}, 1000);`;
  const other = otherProcess(folder.path, script);
  expect(await other.said()).toBe('has it');
  const waiting = begun(layout);
  const early = await Promise.race([waiting, sleep(100)]);
  expect(early).toBeUndefined();
  await other.kill();
  await using writer = await waiting;
  expect(writer.size).toBe(0);
});

test('waiting for another writer ends with the reason of the signal', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  await using _ = await begun(layout);
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('enough')), 20);
  await expect(layout.ingest(blob, { signal: controller.signal })).rejects.toThrow('enough');
});

test('what an earlier writer left may be wrong: then the next one begins at the start', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  await writeFile(partPath(folder.path, blob.digest), randomBytes(1000));
  await using first = await begun(layout);
  expect(first.size).toBe(1000);
  await first.write(content.subarray(1000));
  await expect(first.commit()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  expect(await pending(layout)).toEqual([]);
  await using second = await begun(layout);
  expect(second.size).toBe(0);
});

test.each([
  ['complete, it becomes the blob', content, undefined],
  ['of the right size and wrong, it is thrown away', randomBytes(content.length), 0],
  ['too long, it is thrown away', Buffer.concat([content, content]), 0],
])('when what was left is %s', async (_, left, size) => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  await writeFile(partPath(folder.path, blob.digest), left);
  await using writer = await layout.ingest(blob);
  expect(writer?.size).toBe(size);
  expect(await layout.has(blob)).toBe(writer === undefined);
});

test('more than was announced is not kept, what is too short is', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const long = await begun(layout);
  await long.write(content);
  expect(() => long.write(Buffer.from('x'))).toThrow(expect.objectContaining({ code: 'SIZE_MISMATCH' }));
  await long.abort(new Error('given up'));
  expect(await pending(layout)).toEqual([]);
  const short = await begun(layout);
  await short.write(content.subarray(0, 100));
  await expect(short.commit()).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
  expect(await pending(layout)).toEqual(['part']);
});

test.each([
  ['with the right content', content, 'LOCK_LOST'],
  ['with another content', randomBytes(content.length), 'DIGEST_MISMATCH'],
])('a writer that was given up for dead and comes back %s does no harm', async (_, other, code) => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const sleeper = await begun(layout);
  await sleeper.write(content.subarray(0, 1_000_000));
  // As of another pid namespace, and silent for two hours.
  const lock = blobLockPath(folder.path, blob.digest);
  await writeFile(lock, (await readFile(lock, 'utf8')).replace(/-\w+/, '-12345'));
  const before = Date.now() / 1000 - 2 * 60 * 60;
  await utimes(lock, before, before);
  await openLayout(folder.path);
  await using writer = await begun(layout);
  const had = writer.size;
  await writer.write(content.subarray(had));
  await sleeper.write(other.subarray(1_000_000));
  await expect(sleeper.commit()).rejects.toMatchObject({ code });
  await writer.commit();
  expect((await readFile(layout.path(blob.digest))).equals(content)).toBe(true);
});

test('an empty blob is a blob', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const empty = describe(Buffer.alloc(0), 'application/octet-stream');
  await using writer = await layout.ingest(empty);
  await writer?.commit();
  expect(await layout.has(empty)).toBe(true);
});

test('a part stays for a day', async () => {
  await using folder = await scratch();
  await openLayout(folder.path);
  const path = partPath(folder.path, blob.digest);
  await writeFile(path, 'half');
  await openLayout(folder.path);
  expect(await readdir(ingestDirectory(folder.path))).toHaveLength(1);
  const yesterday = Date.now() / 1000 - 25 * 60 * 60;
  await utimes(path, yesterday, yesterday);
  await openLayout(folder.path);
  expect(await readdir(ingestDirectory(folder.path))).toEqual([]);
});
