import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { expect, test, vi } from 'vitest';
import { type Archive, digestOf, openArchive, readArchive } from '../../src/index.ts';
import { collect, openLayout, scratch } from '../scratch.ts';
import {
  archiveOf,
  changed,
  configOf,
  descriptorOf,
  layers,
  legacyEntries,
  modernArchive,
  modernEntries,
  modernImage,
} from './archives.ts';

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

test('opening stops with the reason of its signal while a layer is measured', async () => {
  await using folder = await scratch();
  const packed = Buffer.concat([Buffer.from('1f8b08', 'hex'), Buffer.alloc(8 * 1024 * 1024)]);
  const archive = archiveOf(
    { name: 'layer.tar.gz', content: packed },
    { name: 'config.json', content: configOf(['x']) },
    { name: 'manifest.json', content: JSON.stringify([{ Config: 'config.json', Layers: ['layer.tar.gz'] }]) },
  );
  await writeFile(join(folder.path, 'archive.tar'), archive);
  const { signal } = new AbortController();
  let asked = 0;
  vi.spyOn(signal, 'throwIfAborted').mockImplementation(() => {
    if (++asked === 8) throw new Error('enough');
  });
  await expect(openArchive(join(folder.path, 'archive.tar'), { signal })).rejects.toThrow('enough');
});

test('a name for several platforms is that of each of them', async () => {
  await using folder = await scratch();
  const images = ['amd64', 'arm64', 's390x'].map((architecture) => {
    const config = configOf([architecture]).replace('"amd64"', JSON.stringify(architecture));
    return { architecture, ...modernImage({ texts: [architecture], config }) };
  });
  const manifests = images.map(({ manifest, architecture }) => ({
    ...descriptorOf(manifest, 'application/vnd.oci.image.manifest.v1+json'),
    platform: { os: 'linux', architecture },
    annotations: { 'org.opencontainers.image.ref.name': 'demo' },
  }));
  const entries = changed(modernArchive(images, images), 'index.json', () =>
    JSON.stringify({ schemaVersion: 2, manifests }),
  );
  const bytes = archiveOf(...entries.filter(({ name }) => name !== 'manifest.json'));
  await using archive = await opened(folder.path, bytes);
  const layout = await openLayout(join(folder.path, 'layout'));
  await readArchive(archive.path, { into: layout });
  for (const { architecture, manifest } of images) {
    const platform = { os: 'linux', architecture };
    for (const source of [archive, layout]) {
      const image = await source.image('demo', { platform });
      expect(image.descriptor.digest).toBe(digestOf(manifest));
    }
  }
  await expect(archive.image('demo', { platform: { os: 'linux', architecture: 'riscv64' } })).rejects.toMatchObject({
    code: 'PLATFORM_MISSING',
  });
  await expect(archive.image()).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
  expect((await layout.prune()).removed).toEqual([]);
});

test('of two images that manifest.json calls alike the last has the name', async () => {
  await using folder = await scratch();
  const [one, two] = ['1', '2'].map((text) => modernImage({ texts: [text], tags: ['demo:1', `demo:${text}${text}`] }));
  if (one === undefined || two === undefined) return;
  const entries = modernArchive([], [one, two]).filter(({ name }) => !/^(index.json|oci-layout)$/.test(name));
  await using archive = await opened(folder.path, archiveOf(...entries));
  expect(archive.images.map(({ names }) => names)).toEqual([['demo:11'], ['demo:1', 'demo:22']]);
  expect((await archive.image('demo:1')).manifest.config.digest).toBe(digestOf(two.config));
});
