/** Zstd in several frames, as `pzstd` and what writes zstd:chunked make it. */
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { mediaTypes, readArchive, writeArchive } from '../../src/index.ts';
import { made } from '../made.ts';
import { openLayout, scratch } from '../scratch.ts';
import { archiveOf, modernEntries } from './archives.ts';

const skipped = Buffer.from('502a4d180400000061626364', 'hex');
const split = (bytes: Buffer, at: number) =>
  [bytes.subarray(0, at), bytes.subarray(at)].map((part) => zstdCompressSync(part));

const forms: [string, (bytes: Buffer) => Buffer][] = [
  ['in two frames', (bytes) => Buffer.concat(split(bytes, 1000))],
  ['after a frame to be skipped', (bytes) => Buffer.concat([skipped, zstdCompressSync(bytes)])],
  ['before a frame to be skipped', (bytes) => Buffer.concat([zstdCompressSync(bytes), skipped])],
];

test.each(forms)('an archive %s is read', async (_, compress) => {
  await using folder = await scratch();
  const into = await openLayout(folder.path);
  const archive = compress(archiveOf(...modernEntries()));
  for (const size of [7, archive.length]) {
    const pieces = Array.from({ length: Math.ceil(archive.length / size) }, (_, at) =>
      archive.subarray(at * size, (at + 1) * size),
    );
    const [image] = await readArchive(Readable.from(pieces, { objectMode: false }), { into });
    expect(image?.names).toEqual(['docker.io/library/demo:1']);
  }
});

test.each(forms)('a layer %s is written as a tar', async (_, compress) => {
  await using folder = await scratch();
  const tar = Buffer.alloc(5000, 'x');
  const { store, descriptor } = await made([{ bytes: compress(tar), tar, mediaType: mediaTypes.layerZstd }]);
  const format = 'docker-archive';
  const plain = await buffer(writeArchive([{ source: store, descriptor }], { format, layers: 'uncompressed' }));
  expect(plain.includes(tar)).toBe(true);
  const into = await openLayout(join(folder.path, 'into'));
  const stored = writeArchive([{ source: store, descriptor, names: ['a:1'] }], { format });
  await readArchive(stored, { into, format });
  const [layer] = (await into.image('a:1')).manifest.layers;
  expect(layer).toMatchObject({ mediaType: mediaTypes.layerZstd });
});

test('what follows a frame and is none is refused', async () => {
  await using folder = await scratch();
  const into = await openLayout(folder.path);
  const archive = Buffer.concat([zstdCompressSync(archiveOf(...modernEntries())), Buffer.from('garbage')]);
  await expect(readArchive(Readable.from([archive], { objectMode: false }), { into })).rejects.toMatchObject({
    code: 'ARCHIVE_INVALID',
    message: expect.stringMatching(/^cannot decompress the archive: /),
  });
});
