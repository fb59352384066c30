import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { digestOf, loadImage, mediaTypes } from '../src/index.ts';
import { collect, makeImage, openLayout, scratch, writeJson } from './scratch.ts';

test('layers come lowest first, with their diff ids and chain ids', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const image = await loadImage(layout, await makeImage(layout, ['one', 'two']));
  const layers = await collect(image.layers());
  const [one, two] = [digestOf('one'), digestOf('two')];
  expect(layers.map(({ diffId, chainId, parent }) => ({ diffId, chainId, parent }))).toEqual([
    { diffId: one, chainId: one, parent: undefined },
    { diffId: two, chainId: digestOf(`${one} ${two}`), parent: one },
  ]);
  expect(await Promise.all(layers.map(async (layer) => text(await layer.open())))).toEqual(['one', 'two']);
});

test('an index leads to the image of a platform', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const entry = async (architecture: string) => ({
    ...(await makeImage(layout, [architecture], architecture)),
    platform: { os: 'linux', architecture },
  });
  const manifests = [await entry('amd64'), await entry('arm64')];
  const index = await writeJson(layout, { schemaVersion: 2, manifests }, mediaTypes.index);
  const image = await loadImage(layout, index, { platform: { os: 'linux', architecture: 'aarch64' } });
  expect(image.config.architecture).toBe('arm64');
  expect(image.descriptor.digest).toBe(manifests[1]?.digest);
});

test('an index that is nested without end is given up', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  let descriptor = await makeImage(layout, ['x']);
  for (let depth = 0; depth < 6; depth++) {
    descriptor = await writeJson(layout, { schemaVersion: 2, manifests: [descriptor] }, mediaTypes.index);
  }
  await expect(loadImage(layout, descriptor)).rejects.toThrow('nested more than 4 deep');
});

test('an image with more layers than diff ids is refused', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const image = await loadImage(layout, await makeImage(layout, ['one']));
  const twice = { ...image.manifest, layers: [...image.manifest.layers, ...image.manifest.layers] };
  const descriptor = await writeJson(layout, twice, mediaTypes.manifest);
  await expect(loadImage(layout, descriptor)).rejects.toMatchObject({
    code: 'DOCUMENT_INVALID',
    path: 'rootfs.diff_ids',
  });
});

test('a manifest of something else than an image is refused', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const config = await writeJson(layout, {}, mediaTypes.empty);
  const artifact = { schemaVersion: 2, artifactType: 'application/vnd.example.chart', config, layers: [] };
  const descriptor = await writeJson(layout, artifact, mediaTypes.manifest);
  await expect(loadImage(layout, descriptor)).rejects.toMatchObject({ code: 'MEDIA_TYPE_UNSUPPORTED' });
});

test('a manifest that was changed on disk is refused', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const descriptor = await makeImage(layout, ['x']);
  const { open } = await import('node:fs/promises');
  await using file = await open(layout.path(descriptor.digest), 'r+');
  await file.write(' ', 1);
  await expect(loadImage(layout, descriptor)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
});
