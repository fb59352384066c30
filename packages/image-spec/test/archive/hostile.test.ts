/** Archives that are small and would take minutes to read. */
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { closureOf } from '../../src/archive/closure.ts';
import { type BlobSource, digestOf, MemoryStore, mediaTypes, readArchive } from '../../src/index.ts';
import { made } from '../made.ts';
import { openLayout, scratch } from '../scratch.ts';
import { archiveOf } from './archives.ts';

test('an image that manifest.json names ten thousand times is read once', async () => {
  await using folder = await scratch();
  const rootfs = { type: 'layers', diff_ids: [] };
  const config = JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs, author: 'x'.repeat(1_000_000) });
  const name = `${digestOf(config).slice(7)}.json`;
  const entries = Array.from({ length: 10_000 }, (_, number) => ({ Config: name, RepoTags: [`a:${number % 10}`] }));
  const archive = archiveOf({ name, content: config }, { name: 'manifest.json', content: JSON.stringify(entries) });
  const into = await openLayout(join(folder.path, 'into'));
  const signal = AbortSignal.timeout(10_000);
  const [image] = await readArchive(Readable.from([archive], { objectMode: false }), { into, signal });
  expect(image?.names).toHaveLength(10);
}, 30_000);

test('a manifest that is listed under many spellings of its media type is read once', async () => {
  const store = new MemoryStore();
  const { descriptor } = await made(['x'], { store });
  const spellings = ['oci', 'Oci', 'oCi', 'ocI', 'OCI'].map((name) => mediaTypes.manifest.replace('oci', name));
  const manifests = spellings.map((mediaType) => ({ ...descriptor, mediaType }));
  const index = store.addJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }, mediaTypes.index);
  const read: string[] = [];
  const source: BlobSource = {
    blob: (wanted, options) => {
      read.push(wanted.digest);
      return store.blob(wanted, options);
    },
  };
  await closureOf(source, index, { signal: undefined });
  expect(read).toEqual([index.digest, descriptor.digest]);
});
