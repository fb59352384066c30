import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { type Archive, digestOf, openArchive } from '../../src/index.ts';
import { collect, scratch } from '../scratch.ts';
import { archiveOf, configOf, layers, legacyEntries, modernEntries } from './archives.ts';

async function opened(folder: string, archive: Buffer): Promise<Archive> {
  await writeFile(join(folder, 'archive.tar'), archive);
  return openArchive(join(folder, 'archive.tar'));
}

async function contents(archive: Archive): Promise<string[]> {
  const all = await collect((await archive.image()).layers());
  return Promise.all(all.map(async (layer) => text(await layer.open())));
}

test('the images of an archive are read where they lie', async () => {
  await using folder = await scratch();
  await using modern = await opened(folder.path, archiveOf(...modernEntries()));
  expect(await contents(modern)).toEqual(layers);
  expect((await modern.image('docker.io/library/demo:1')).config.architecture).toBe('amd64');
  await using legacy = await opened(folder.path, archiveOf(...legacyEntries()));
  expect(await contents(legacy)).toEqual([...layers, 'lower layer']);
  expect(legacy.images[0]?.names).toEqual(['demo:1']);
  expect((await legacy.image('demo:1')).manifest.config.digest).toBe(digestOf(configOf([...layers, 'lower layer'])));
});

test('a blob can be read from the middle, and one that is not there is an error', async () => {
  await using folder = await scratch();
  await using archive = await opened(folder.path, archiveOf(...modernEntries()));
  const blob = { mediaType: 'x/y', digest: digestOf('lower layer'), size: 11 };
  expect(await text(await archive.blob(blob, { start: 6 }))).toBe('layer');
  expect(await text(await archive.blob(blob, { start: 11 }))).toBe('');
  await expect(archive.blob({ ...blob, size: 12 })).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
  await expect(archive.blob({ ...blob, digest: digestOf('x') })).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  await expect(archive.blob(blob, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  await truncate(archive.path, 600);
  await expect(archive.blob(blob).then(text)).rejects.toMatchObject({ code: 'ARCHIVE_TRUNCATED' });
});

test('of several images one has to be named', async () => {
  await using folder = await scratch();
  const [one, two] = [legacyEntries('one:1'), legacyEntries('two:2')];
  const both = one.map((entry, at) => {
    if (entry.name !== 'manifest.json') return entry;
    const [first, second] = [entry, two[at]].map((each) => JSON.parse(String(each?.content))[0]);
    return { ...entry, content: JSON.stringify([first, { ...second, Layers: second.Layers }]) };
  });
  await using archive = await opened(folder.path, archiveOf(...both));
  // The same image, twice named.
  expect(archive.images).toMatchObject([{ names: ['one:1', 'two:2'] }]);
  await expect(archive.image('three')).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
});

test('an archive that is compressed as a whole cannot be read in place', async () => {
  await using folder = await scratch();
  const archive = opened(folder.path, gzipSync(archiveOf(...legacyEntries())));
  await expect(archive).rejects.toMatchObject({ code: 'ARCHIVE_COMPRESSED' });
});
