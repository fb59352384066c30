/** Layers that are not meant to be passed on: their descriptors say where they are. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { type Descriptor, digestOf, type ImageLayout, mediaTypes, readArchive, writeArchive } from '../../src/index.ts';
import { makeImage, openLayout, scratch, writeJson } from '../scratch.ts';

/** With a layer that the layout does not have. */
async function image(layout: ImageLayout, urls: object): Promise<Descriptor> {
  const { manifest, config } = await layout.image(await makeImage(layout, ['here']));
  const rootfs = { type: 'layers', diff_ids: [digestOf('here'), digestOf('there')] };
  const layers = [
    ...manifest.layers,
    { mediaType: mediaTypes.foreignLayer, digest: digestOf('there'), size: 5, ...urls },
  ];
  const stored = await writeJson(layout, { ...config, rootfs }, mediaTypes.config);
  return writeJson(layout, { ...manifest, config: stored, layers }, mediaTypes.manifest);
}

test.each(['a file', 'a stream'])('a layer that is elsewhere may be missing in an oci-archive from %s', async (way) => {
  await using folder = await scratch();
  const source = await openLayout(join(folder.path, 'from'));
  const descriptor = await image(source, { urls: ['https://example.org/layer'] });
  const archive = await buffer(writeArchive([{ source, descriptor, names: ['x'] }], { format: 'oci-archive' }));
  const path = join(folder.path, 'archive.tar');
  await writeFile(path, archive);
  const into = await openLayout(join(folder.path, 'into'));
  await readArchive(way === 'a file' ? path : Readable.from([archive], { objectMode: false }), { into });
  expect((await into.image('x')).descriptor.digest).toBe(descriptor.digest);
});

test('a layer that is nowhere else, or that a docker-archive has to have, may not', async () => {
  await using folder = await scratch();
  const source = await openLayout(folder.path);
  for (const [urls, format] of [
    [{}, 'oci-archive'],
    [{ urls: ['https://example.org/layer'] }, 'docker-archive'],
  ] as const) {
    const archive = writeArchive([{ source, descriptor: await image(source, urls) }], { format });
    await expect(buffer(archive)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  }
});
