import { createWriteStream } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { Parser } from 'tar';
import { describe, expect, test } from 'vitest';
import {
  type BlobSource,
  type Descriptor,
  type Digest,
  digestOf,
  type ImageLayout,
  mediaTypes,
  openArchive,
  readArchive,
  writeArchive,
} from '../../src/index.ts';
import { collect, makeImage, openLayout, scratch, writeJson } from '../scratch.ts';

const formats = ['docker-archive', 'oci-archive'] as const;

/** With a layer of each kind. */
async function packedImage(layout: ImageLayout): Promise<Descriptor> {
  const texts = ['plain', 'with gzip', 'with zstd'];
  const [plain, gzip, zstd] = [Buffer.from('plain'), gzipSync('with gzip'), zstdCompressSync('with zstd')];
  const layers = [
    await layout.write(plain, { mediaType: mediaTypes.layer }),
    await layout.write(gzip, { mediaType: mediaTypes.layerGzip }),
    await layout.write(zstd, { mediaType: mediaTypes.layerZstd }),
  ];
  const rootfs = { type: 'layers', diff_ids: texts.map((text) => digestOf(text)) };
  const config = await writeJson(layout, { os: 'linux', architecture: 'amd64', rootfs }, mediaTypes.config);
  return writeJson(layout, { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers }, mediaTypes.manifest);
}

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal === undefined) reject(new Error('it was not told of the signal'));
    // On a busy machine it is over before this is asked for.
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener('abort', () => reject(signal.reason));
  });
}

/** What a program that is not ours finds. */
async function namesIn(archive: Buffer): Promise<string[]> {
  const names: string[] = [];
  const parser = new Parser({ strict: true, onReadEntry: (entry) => entry.resume() });
  parser.on('entry', (entry) => names.push(entry.path));
  parser.end(archive);
  return names;
}

describe.each(formats)('a %s', (format) => {
  test('comes back as it was, and is the same whenever it is written', async () => {
    await using folder = await scratch();
    const from = await openLayout(join(folder.path, 'from'));
    const descriptor = await packedImage(from);
    const images = [{ source: from, descriptor, names: ['demo:1', 'example.org/demo:2'] }];
    const archive = await buffer(writeArchive(images, { format }));
    expect(archive.equals(await buffer(writeArchive(images, { format })))).toBe(true);
    const into = await openLayout(join(folder.path, 'into'));
    const [image] = await readArchive(Readable.from([archive], { objectMode: false }), { into });
    expect(image?.descriptor).toEqual(descriptor);
    expect(image?.names.map((name) => name.replace('docker.io/library/', ''))).toEqual([
      'demo:1',
      'example.org/demo:2',
    ]);
    expect(await into.fsck()).toEqual([]);
    expect((await into.prune()).removed).toEqual([]);
    expect((await namesIn(archive)).filter((name) => name.startsWith('blobs/sha256/'))).toHaveLength(6);
  });

  test('of several images has what they share once', async () => {
    await using folder = await scratch();
    const source = await openLayout(join(folder.path, 'from'));
    const images = [
      { source, descriptor: await makeImage(source, ['shared', '1']), names: ['one:1'] },
      { source, descriptor: await makeImage(source, ['shared', '2']), names: ['two:2'] },
      { source, descriptor: await makeImage(source, ['shared', '2']) },
    ];
    const archive = await buffer(writeArchive(images, { format }));
    // Three layers, two configs, two manifests.
    expect((await namesIn(archive)).filter((name) => /^blobs\/sha256\/./.test(name))).toHaveLength(7);
    const into = await openLayout(join(folder.path, 'into'));
    await readArchive(Readable.from([archive], { objectMode: false }), { into });
    expect((await collect(into.images())).map(({ descriptor: { digest } }) => digest)).toEqual(
      images.slice(0, 2).map(({ descriptor: { digest } }) => digest),
    );
  });

  test.each([
    ['missing', 'BLOB_MISSING'],
    ['cut', 'SIZE_MISMATCH'],
    ['wrong', 'DIGEST_MISMATCH'],
  ])('never ends where a blob is %s', async (how, code) => {
    await using folder = await scratch();
    const source = await openLayout(folder.path);
    const descriptor = await makeImage(source, ['content']);
    const path = source.path(digestOf('content'));
    if (how === 'missing') await rm(path);
    else await writeFile(path, how === 'cut' ? 'con' : 'CONTENT');
    await expect(buffer(writeArchive([{ source, descriptor }], { format }))).rejects.toMatchObject({ code });
  });

  test('stops with the reason of its signal', async () => {
    await using folder = await scratch();
    const source = await openLayout(folder.path);
    const descriptor = await makeImage(source, ['content']);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(buffer(writeArchive([{ source, descriptor }], { format, signal }))).rejects.toThrow('enough');
  });

  test('stops with the reason of its signal wherever its source lets it wait', async () => {
    await using folder = await scratch();
    const layout = await openLayout(folder.path);
    const descriptor = await makeImage(layout, ['content']);
    /** Everything it gives but one, for which one could wait for ever. */
    const stuckAt = (stuck: number) => {
      let asked = 0;
      const source: BlobSource = {
        blob: (wanted, options = {}) =>
          asked++ === stuck ? untilAborted(options.signal) : layout.blob(wanted, options),
      };
      return { source, asked: () => asked };
    };
    const whole = stuckAt(-1);
    await buffer(writeArchive([{ source: whole.source, descriptor }], { format }));
    for (let stuck = 0; stuck < whole.asked(); stuck++) {
      const signal = AbortSignal.timeout(10);
      const archive = buffer(writeArchive([{ source: stuckAt(stuck).source, descriptor }], { format, signal }));
      await expect(archive, `read ${stuck}`).rejects.toMatchObject({ name: 'TimeoutError' });
    }
  });
});

test('a docker-archive may have its layers as tars: another manifest, the same image id', async () => {
  await using folder = await scratch();
  const source = await openLayout(join(folder.path, 'from'));
  const images = [{ source, descriptor: await packedImage(source), names: ['demo'] }];
  const into = await openLayout(join(folder.path, 'into'));
  const archive = writeArchive(images, { format: 'docker-archive', layers: 'uncompressed' });
  await readArchive(archive, { into });
  const { manifest } = await into.image('docker.io/library/demo:latest');
  expect(manifest.layers.map(({ digest }) => digest)).toEqual(
    ['plain', 'with gzip', 'with zstd'].map((text) => digestOf(text)),
  );
  expect(manifest.config).toEqual((await source.image(images[0]?.descriptor ?? '')).manifest.config);
});

test('an oci-archive has all platforms that are there, a docker-archive one of them', async () => {
  await using folder = await scratch();
  const source = await openLayout(join(folder.path, 'from'));
  const manifests = [];
  for (const architecture of ['amd64', 'arm64', 's390x']) {
    const platform = { os: 'linux', architecture };
    manifests.push({ ...(await makeImage(source, [architecture], architecture)), platform });
  }
  await rm(source.path(manifests[2]?.digest ?? 'sha256:'));
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
  const descriptor = await writeJson(source, index, mediaTypes.index);
  const into = await openLayout(join(folder.path, 'into'));
  const [whole] = await readArchive(writeArchive([{ source, descriptor }], { format: 'oci-archive' }), {
    into,
    tag: false,
  });
  expect(whole?.descriptor).toEqual(descriptor);
  expect(await into.has(digestOf('arm64'))).toBe(true);
  const platform = { os: 'linux', architecture: 'arm64' };
  const single = writeArchive([{ source, descriptor }], { format: 'docker-archive', platform });
  const [one] = await readArchive(single, { into, tag: false });
  expect(one?.descriptor.digest).toBe(manifests[1]?.digest);
});

test('blobs of sha512 fit into an archive', async () => {
  await using folder = await scratch();
  const source = await openLayout(join(folder.path, 'from'));
  const config = await writeJson(
    source,
    { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [digestOf('x')] } },
    mediaTypes.config,
  );
  const digest = digestOf('x', 'sha512');
  const layer = await source.write(Buffer.from('x'), { mediaType: mediaTypes.layer, expect: { digest } });
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [layer] };
  const descriptor = await writeJson(source, manifest, mediaTypes.manifest);
  const into = await openLayout(join(folder.path, 'into'));
  await readArchive(writeArchive([{ source, descriptor }], { format: 'oci-archive' }), { into, tag: false });
  expect(await into.has(digest)).toBe(true);
});

test('a name that Docker could not have is refused', async () => {
  await using folder = await scratch();
  const source = await openLayout(folder.path);
  const descriptor = await makeImage(source, ['x']);
  for (const name of ['NAME', `demo@${descriptor.digest}`]) {
    const archive = writeArchive([{ source, descriptor, names: [name] }], { format: 'docker-archive' });
    await expect(buffer(archive)).rejects.toMatchObject({ code: 'REFERENCE_INVALID' });
  }
});

test('an open archive is written as another', async () => {
  await using folder = await scratch();
  const source = await openLayout(join(folder.path, 'from'));
  const descriptor = await packedImage(source);
  const path = join(folder.path, 'archive.tar');
  await pipeline(
    writeArchive([{ source, descriptor, names: ['a:1'] }], { format: 'oci-archive' }),
    createWriteStream(path),
  );
  await using archive = await openArchive(path);
  const into = await openLayout(join(folder.path, 'into'));
  const images = archive.images.map((image) => ({ ...image, source: archive }));
  await readArchive(writeArchive(images, { format: 'docker-archive' }), { into });
  expect((await into.image('docker.io/library/a:1')).descriptor.digest).toBe(descriptor.digest);
});

test('an index is archived without an entry that cannot be verified, and a layer like that is refused', async () => {
  await using folder = await scratch();
  const source = await openLayout(join(folder.path, 'from'));
  const image = await makeImage(source, ['x']);
  const strange = { ...image, digest: 'foo+bar:abc' as Digest };
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [image, strange] };
  const descriptor = await writeJson(source, index, mediaTypes.index);
  await source.tag('demo', descriptor);
  expect((await source.prune()).removed).toEqual([]);
  const into = await openLayout(join(folder.path, 'into'));
  await readArchive(writeArchive([{ source, descriptor, names: ['demo'] }], { format: 'oci-archive' }), { into });
  expect(await into.fsck()).toEqual([]);
  expect((await into.image('demo')).descriptor.digest).toBe(image.digest);
  expect(await source.has(strange)).toBe(false);
  const { manifest } = await source.image(image);
  const layers = [{ mediaType: mediaTypes.layer, digest: 'foo+bar:abc', size: 1 }];
  const odd = await writeJson(source, { ...manifest, layers }, mediaTypes.manifest);
  const archive = writeArchive([{ source, descriptor: odd }], { format: 'oci-archive' });
  await expect(buffer(archive)).rejects.toMatchObject({ code: 'DIGEST_UNSUPPORTED' });
});
