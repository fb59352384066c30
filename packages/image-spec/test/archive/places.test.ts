import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { extendedHeader } from '@estiba/testkit/archive';
import { expect, test } from 'vitest';
import { type BlobSource, digestOf, mediaTypes, openArchive, readArchive, writeArchive } from '../../src/index.ts';
import { type MadeLayer, made } from '../made.ts';
import { collect, makeImage, openLayout, scratch } from '../scratch.ts';
import { archiveOf, configOf, modernEntries } from './archives.ts';

test('an archive may come through a pipe that has a path', async () => {
  await using folder = await scratch();
  const [pipe, file] = [join(folder.path, 'pipe'), join(folder.path, 'file')];
  execFileSync('mkfifo', [pipe]);
  await writeFile(file, archiveOf(...modernEntries()));
  const cat = spawn('sh', ['-c', 'cat "$0" > "$1"', file, pipe], { timeout: 10_000 });
  const ended = once(cat, 'close');
  const into = await openLayout(join(folder.path, 'into'));
  const [image] = await readArchive(pipe, { into, signal: AbortSignal.timeout(10_000) });
  expect(image?.names).toEqual(['docker.io/library/demo:1']);
  await ended;
  await expect(openArchive(pipe)).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' });
});

test('a folder is no archive', async () => {
  await using folder = await scratch();
  const into = await openLayout(join(folder.path, 'into'));
  for (const read of [() => openArchive(folder.path), () => readArchive(folder.path, { into })]) {
    await expect(read()).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      message: `cannot read ${folder.path}: it is a folder; an image layout is opened by ImageLayout.open`,
    });
  }
});

test.each(['-512', '1.5', '0x200', 'x', '', '1e3'])('a size of %j is refused', async (size) => {
  await using folder = await scratch();
  const archive = Buffer.concat([extendedHeader('x', { size }), archiveOf(...modernEntries())]);
  const path = join(folder.path, 'archive.tar');
  await writeFile(path, archive);
  const into = await openLayout(join(folder.path, 'into'));
  const refused = { code: 'ARCHIVE_INVALID' };
  await expect(openArchive(path)).rejects.toMatchObject(refused);
  await expect(readArchive(Readable.from([archive], { objectMode: false }), { into })).rejects.toMatchObject(refused);
});

test('names that no index.json could hold are refused together, and nothing stays', async () => {
  await using folder = await scratch();
  const config = configOf([]);
  const name = `${digestOf(config).slice(7)}.json`;
  const RepoTags = Array.from({ length: 100_000 }, (_, number) => `a:${number}`);
  const archive = archiveOf(
    { name, content: config },
    { name: 'manifest.json', content: JSON.stringify([{ Config: name, RepoTags, Layers: [] }]) },
  );
  const into = await openLayout(folder.path);
  const imported = readArchive(Readable.from([archive], { objectMode: false }), { into });
  await expect(imported).rejects.toMatchObject({ code: 'DOCUMENT_TOO_LARGE' });
  expect(await collect(into.images())).toEqual([]);
  expect(await readdir(join(folder.path, 'blobs/sha256'))).toEqual([]);
}, 20_000);

test('an image that had another name is archived by its new one', async () => {
  await using folder = await scratch();
  const source = await openLayout(join(folder.path, 'from'));
  const annotations = { 'io.containerd.image.name': 'docker.io/library/old:1' };
  const descriptor = { ...(await makeImage(source, ['x'])), annotations };
  const into = await openLayout(join(folder.path, 'into'));
  await readArchive(writeArchive([{ source, descriptor, names: ['new:2'] }], { format: 'oci-archive' }), { into });
  expect((await collect(into.images())).map(({ name }) => name)).toEqual(['new:2']);
});

test.each(['stored', 'uncompressed'] as const)(
  'an archive that is given up where it is full leaves nothing open, with layers %s',
  async (layers) => {
    // It is full after 1 MiB, which is wherever the size of the largest layer puts it: also behind a header.
    for (let blocks = 0; blocks < 20; blocks++) {
      const large = Buffer.alloc(1024 * 1024 - 512 * blocks);
      const texts = layers === 'stored' ? [large, 'x', 'y'] : [large, gzipped('x'), gzipped('y'), gzipped('z')];
      const { store, descriptor } = await made(texts);
      const open = new Set<Readable>();
      const source: BlobSource = {
        blob: async (wanted, options) => {
          const stream = await store.blob(wanted, options);
          open.add(stream);
          return stream.once('close', () => open.delete(stream));
        },
      };
      const archive = writeArchive([{ source, descriptor }], { format: 'docker-archive', layers });
      await once(archive, 'readable');
      await sleep(5);
      archive.destroy();
      await sleep(5);
      expect(open.size, `less ${blocks} blocks`).toBe(0);
    }
  },
);

function gzipped(text: string): MadeLayer {
  return { bytes: gzipSync(text), tar: Buffer.from(text), mediaType: mediaTypes.layerGzip };
}
