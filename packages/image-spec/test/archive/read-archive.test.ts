import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { digestOf, type ImageLayout, openArchive, readArchive } from '../../src/index.ts';
import { acquire } from '../../src/layout/lock.ts';
import { ingestDirectory, layoutLockPath, leaseDirectory } from '../../src/layout/places.ts';
import { collect, openLayout, scratch } from '../scratch.ts';
import { archiveOf, configOf, type Entry, entryOf, layers, legacyEntries, modernEntries } from './archives.ts';

async function blobs({ directory }: ImageLayout): Promise<string[]> {
  return readdir(join(directory, 'blobs/sha256'));
}

/** From a file, and by a stream that comes in pieces of any size. */
const ways: [string, (folder: string, archive: Buffer) => Promise<string | Readable>][] = [
  [
    'a file',
    async (folder, archive) => {
      await writeFile(join(folder, 'archive.tar'), archive);
      return join(folder, 'archive.tar');
    },
  ],
  ['a stream', async (_, archive) => inPieces(archive, 65_536)],
  ['a stream in small pieces', async (_, archive) => inPieces(archive, 7)],
];

function inPieces(bytes: Buffer, size: number): Readable {
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );
  return Readable.from(pieces, { objectMode: false });
}

async function problem(folder: string, entries: readonly Entry[] | Buffer, give = ways[0]?.[1]): Promise<unknown> {
  const layout = await openLayout(join(folder, 'layout'));
  const archive = Buffer.isBuffer(entries) ? entries : archiveOf(...entries);
  const error = await readArchive((await give?.(folder, archive)) ?? '', { into: layout }).catch((error) => error);
  expect(await blobs(layout)).toEqual([]);
  expect([
    ...(await readdir(ingestDirectory(layout.directory))),
    ...(await readdir(leaseDirectory(layout.directory))),
  ]).toEqual([]);
  return { code: error.code, message: error.message };
}

describe.each(ways)('an archive from %s', (_, give) => {
  test('of an older Docker keeps config and layers, so the id of the image, and gets a manifest', async () => {
    await using folder = await scratch();
    const layout = await openLayout(join(folder.path, 'layout'));
    const [image, ...others] = await readArchive(await give(folder.path, archiveOf(...legacyEntries())), {
      into: layout,
    });
    expect(others).toEqual([]);
    expect(image?.names).toEqual(['demo:1']);
    const { manifest, descriptor } = await layout.image('demo:1');
    expect(descriptor).toMatchObject({ digest: image?.descriptor.digest });
    expect(manifest.config.digest).toBe(digestOf(configOf([...layers, 'lower layer'])));
    const contents = (await collect((await layout.image('demo:1')).layers())).map(async (layer) =>
      text(await layer.open()),
    );
    expect(await Promise.all(contents)).toEqual([...layers, 'lower layer']);
    // Two layers, a config and a manifest: nothing else of the archive.
    expect(await blobs(layout)).toHaveLength(4);
    expect(await layout.fsck()).toEqual([]);
    expect((await layout.prune()).removed).toEqual([]);
  });

  test('of a newer Docker, or any layout in a tar, keeps its manifest', async () => {
    await using folder = await scratch();
    const layout = await openLayout(join(folder.path, 'layout'));
    const entries = modernEntries().map((entry) => ({ ...entry, name: `./${entry.name}` }));
    const archive = archiveOf({ name: './', type: 'Directory' }, ...entries);
    const images = await readArchive(await give(folder.path, archive), { into: layout });
    expect(images).toMatchObject([{ names: ['docker.io/library/demo:1'] }]);
    expect(images[0]?.descriptor.annotations).toBeUndefined();
    expect(await blobs(layout)).toHaveLength(4);
    const { manifest } = await layout.image('docker.io/library/demo:1');
    expect(manifest.config.digest).toBe(digestOf(configOf(layers)));
    expect(await layout.fsck()).toEqual([]);
  });

  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('may be compressed as a whole with %s', async (_, compress) => {
    await using folder = await scratch();
    const layout = await openLayout(join(folder.path, 'layout'));
    await readArchive(await give(folder.path, compress(archiveOf(...legacyEntries()))), { into: layout });
    expect(await layout.fsck()).toEqual([]);
    expect((await layout.image('demo:1')).manifest.layers).toHaveLength(3);
  });

  test('may have compressed layers', async () => {
    await using folder = await scratch();
    const layout = await openLayout(join(folder.path, 'layout'));
    const packed = [gzipSync('lower layer'), zstdCompressSync('upper layer')];
    const Layers = ['0.tar.gz', '1.tar.zst'];
    const archive = archiveOf(
      ...packed.map((content, at) => ({ name: Layers[at] ?? '', content })),
      { name: 'config.json', content: configOf(layers) },
      { name: 'manifest.json', content: JSON.stringify([{ Config: 'config.json', RepoTags: null, Layers }]) },
    );
    const images = await readArchive(await give(folder.path, archive), { into: layout, tag: false });
    const { manifest } = await layout.image(images[0]?.descriptor ?? '');
    expect(manifest.layers.map(({ digest }) => digest)).toEqual(packed.map((content) => digestOf(content)));
    expect(manifest.layers.map(({ mediaType }) => mediaType.split('+')[1])).toEqual(['gzip', 'zstd']);
  });
});

test('names and blobs that were there before stay, and a lease keeps what has no name', async () => {
  await using folder = await scratch();
  const layout = await openLayout(join(folder.path, 'layout'));
  await layout.write(Buffer.from('1.0'));
  await using lease = await layout.lease();
  await readArchive(inPieces(archiveOf(...legacyEntries()), 1000), { into: layout, tag: false, lease });
  // The archive has a file like that, which belongs to no image.
  expect(await layout.has(digestOf('1.0'))).toBe(true);
  expect((await layout.prune()).removed).toEqual([digestOf('1.0')]);
  expect(await collect(layout.images())).toEqual([]);
});

test('the same archive gives the same manifest, whichever way it came', async () => {
  await using folder = await scratch();
  const digests = new Set<string>();
  for (const [name, give] of ways) {
    const layout = await openLayout(join(folder.path, name));
    const images = await readArchive(await give(folder.path, archiveOf(...legacyEntries())), { into: layout });
    digests.add(images[0]?.descriptor.digest ?? '');
  }
  await using archive = await openArchive(join(folder.path, 'archive.tar'));
  digests.add(archive.images[0]?.descriptor.digest ?? '');
  expect(digests.size).toBe(1);
});

const manifestJson = (Layers: string[], Config = 'config.json') => ({
  name: 'manifest.json',
  content: JSON.stringify([{ Config, RepoTags: ['demo:1'], Layers }]),
});
const config = { name: 'config.json', content: configOf(['x']) };
const layer = { name: 'layer.tar', content: 'x' };
const legacy = archiveOf(...legacyEntries());

const hostile: [string, readonly Entry[] | Buffer, string, RegExp][] = [
  ['is empty', Buffer.alloc(0), 'ARCHIVE_INVALID', /no manifest.json/],
  ['is no tar', Buffer.from('x'.repeat(5000)), 'ARCHIVE_INVALID', /not a tar archive/],
  ['holds no image', [{ name: 'etc/passwd', content: 'root' }], 'ARCHIVE_INVALID', /no manifest.json/],
  ['is of a Docker before 1.10', [{ name: 'repositories', content: '{}' }], 'ARCHIVE_INVALID', /before 1.10/],
  ['ends in a header', legacy.subarray(0, 2148), 'ARCHIVE_TRUNCATED', /in the middle/],
  ['ends in a layer', legacy.subarray(0, 512 * 6 + 5), 'ARCHIVE_TRUNCATED', /in the middle/],
  ['ends after some members', legacy.subarray(0, 512 * 9), 'ARCHIVE_INVALID', /no manifest.json/],
  ['says more than it has', [{ ...layer, size: 1e12 }], 'ARCHIVE_TOO_LARGE', /bytes/],
  ['says more than it has, within bounds', [{ ...layer, size: 1e9 }], 'ARCHIVE_TRUNCATED', /in the middle/],
  ['names a member above it', [{ name: '../up', content: '' }], 'ARCHIVE_INVALID', /out of the archive/],
  ['names a member of the root', [{ name: '/etc/passwd', content: '' }], 'ARCHIVE_INVALID', /absolute/],
  [
    'has a link out of it',
    [{ name: 'a/layer.tar', link: '../../etc/shadow' }],
    'ARCHIVE_INVALID',
    /out of the archive/,
  ],
  ['has a link to the root', [{ name: 'layer.tar', link: '/etc/shadow' }], 'ARCHIVE_INVALID', /out of the archive/],
  ['has a hard link out of it', [{ name: 'a', link: '../b', type: 'Link' }], 'ARCHIVE_INVALID', /out of the archive/],
  [
    'has links in a circle',
    [{ name: 'layer.tar', link: 'b' }, { name: 'b', link: 'layer.tar' }, config, manifestJson(['layer.tar'])],
    'ARCHIVE_INVALID',
    /circle/,
  ],
  [
    'has a link to nothing',
    [{ name: 'layer.tar', link: 'b' }, config, manifestJson(['layer.tar'])],
    'ARCHIVE_INVALID',
    /leads nowhere/,
  ],
  ['has a member twice', [layer, { ...layer, content: 'y' }], 'ARCHIVE_INVALID', /twice/],
  ['has a device', [{ name: 'layer.tar', type: 'CharacterDevice' }], 'ARCHIVE_INVALID', /CharacterDevice/],
  ['names a layer that is not there', [config, manifestJson(['layer.tar'])], 'ARCHIVE_INVALID', /not there/],
  ['names a layer above it', [config, manifestJson(['../../etc/shadow'])], 'ARCHIVE_INVALID', /out of the archive/],
  ['names a config above it', [layer, manifestJson(['layer.tar'], '/etc/shadow')], 'ARCHIVE_INVALID', /absolute/],
  ['has fewer layers than its config', [config, manifestJson([])], 'ARCHIVE_INVALID', /1 diff ids for 0 layers/],
  [
    'has another layer than its config says',
    [{ ...layer, content: 'y' }, config, manifestJson(['layer.tar'])],
    'DIGEST_MISMATCH',
    /cannot accept/,
  ],
  [
    'has a layer that no image may have',
    [{ ...layer, content: Buffer.from('fd377a585a000000', 'hex') }, config, manifestJson(['layer.tar'])],
    'ARCHIVE_COMPRESSED',
    /xz/,
  ],
  [
    'has a config that is none',
    [layer, { ...config, content: '{}' }, manifestJson(['layer.tar'])],
    'DOCUMENT_INVALID',
    /./,
  ],
  ['has a manifest.json that is none', [{ name: 'manifest.json', content: '{' }], 'DOCUMENT_INVALID', /not JSON/],
  ['has a manifest.json without images', [{ name: 'manifest.json', content: '[]' }], 'DOCUMENT_INVALID', /no image/],
  [
    'has a manifest.json as long as a film',
    [{ name: 'manifest.json', content: ' '.repeat(5_000_000) }],
    'DOCUMENT_TOO_LARGE',
    /at most/,
  ],
  [
    'has a blob that is another',
    modernEntries().map((entry) => (entry.content === 'upper layer' ? { ...entry, content: 'UPPER LAYER' } : entry)),
    'DIGEST_MISMATCH',
    /cannot accept/,
  ],
  ['lacks a blob', modernEntries().filter(({ content }) => content !== 'upper layer'), 'BLOB_MISSING', /sha256/],
  [
    'is two different images in its two forms',
    modernEntries({ other: configOf(['x']) }),
    'ARCHIVE_INVALID',
    /which one/,
  ],
  [
    'is a layout of another version',
    [
      { name: 'oci-layout', content: '{"imageLayoutVersion":"9"}' },
      { name: 'index.json', content: '{}' },
    ],
    'LAYOUT_INVALID',
    /version/,
  ],
  ['is compressed with xz', Buffer.from('fd377a585a000000'.repeat(100), 'hex'), 'ARCHIVE_COMPRESSED', /xz -d/],
  ['is half of a gzip', gzipSync(legacy).subarray(0, 300), 'ARCHIVE_TRUNCATED', /unexpected end/],
  ['is half of a zstd', zstdCompressSync(legacy).subarray(0, 300), 'ARCHIVE_TRUNCATED', /./],
  [
    'is a gzip with an error in it',
    Buffer.from(gzipSync(legacy).map((byte, at) => (at > 100 && at < 110 ? 255 - byte : byte))),
    'ARCHIVE_INVALID',
    /decompress/,
  ],
];

describe.each(ways.slice(0, 2))('an archive from %s is refused, and leaves nothing, when it', (_, give) => {
  test.each(hostile)('%s', async (_, archive, code, message) => {
    await using folder = await scratch();
    expect(await problem(folder.path, archive, give)).toEqual({ code, message: expect.stringMatching(message) });
  });
});

test.each([
  ['members', { entries: 5 }, legacy],
  ['bytes', { bytes: 4096 }, legacy],
  ['bytes of a name', { nameBytes: 20 }, legacy],
  [
    'bytes of a name told in front',
    {},
    archiveOf({ name: '././@LongLink', type: 'NextFileHasLongPath', content: 'x'.repeat(100_000) }, layer),
  ],
])('an archive of more than so many %s is refused', async (_, limits, archive) => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const read = readArchive(inPieces(archive, 1000), { into: layout, limits });
  await expect(read).rejects.toMatchObject({ code: 'ARCHIVE_TOO_LARGE' });
});

test('names told in front of a member count', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const long = `${'folder/'.repeat(30)}layer.tar`;
  const archive = archiveOf(
    { name: '././@LongLink', type: 'NextFileHasLongPath', content: `${long}\0` },
    { name: 'cut', content: 'x' },
    config,
    manifestJson([long]),
  );
  await readArchive(inPieces(archive, 1000), { into: layout });
  expect(await layout.has(digestOf('x'))).toBe(true);
});

test('says which of two forms counts', async () => {
  await using folder = await scratch();
  const archive = archiveOf(...modernEntries({ other: configOf([...layers].reverse()) }).map(reversed));
  const digests: string[] = [];
  for (const format of ['oci-archive', 'docker-archive'] as const) {
    const layout = await openLayout(join(folder.path, format));
    const images = await readArchive(inPieces(archive, 1000), { into: layout, format });
    digests.push((await layout.image(images[0]?.descriptor ?? '')).manifest.config.digest);
  }
  expect(digests).toEqual([digestOf(configOf(layers)), digestOf(configOf([...layers].reverse()))]);
});

function reversed(entry: Entry): Entry {
  if (entry.name !== 'manifest.json') return entry;
  const [image] = JSON.parse(String(entry.content));
  return { ...entry, content: JSON.stringify([{ ...image, Layers: image.Layers.toReversed() }]) };
}

test('importing stops with the reason of its signal, or with the failure of its stream', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const endless = () =>
    Readable.from(
      (async function* () {
        yield entryOf({ ...layer, size: 1e9 }).subarray(0, 512);
        for (;;) {
          yield Buffer.alloc(65_536);
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      })(),
    );
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('enough')), 50);
  await expect(readArchive(endless(), { into: layout, signal: controller.signal })).rejects.toThrow('enough');
  const broken = endless();
  setTimeout(() => broken.destroy(new Error('the pipe broke')), 50);
  await expect(readArchive(broken, { into: layout })).rejects.toThrow('the pipe broke');
  expect([...(await blobs(layout)), ...(await readdir(ingestDirectory(folder.path)))]).toEqual([]);
});

test.each(['its own lease', 'the lease it was given', 'a name'])(
  'importing stops with the reason of its signal while it waits for %s',
  async (what) => {
    await using folder = await scratch();
    const layout = await openLayout(folder.path);
    const archive = archiveOf(...modernEntries());
    await readArchive(inPieces(archive, 1000), { into: layout, tag: false });
    await using locks = new AsyncDisposableStack();
    const lock = async () => void locks.use(await acquire(layoutLockPath(layout.directory)));
    if (what === 'its own lease') await lock();
    // It is asked after all has been imported, and before there are names.
    const add = what === 'a name' ? lock : () => new Promise<never>(() => {});
    const read = readArchive(inPieces(archive, 1000), {
      into: layout,
      lease: { add },
      signal: AbortSignal.timeout(100),
    });
    await expect(read).rejects.toMatchObject({ name: 'TimeoutError' });
  },
);
