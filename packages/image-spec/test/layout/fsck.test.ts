import { mkdir, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestOf, type ImageLayout, mediaTypes } from '../../src/index.ts';
import { makeImage, openLayout, scratch, writeJson } from '../scratch.ts';

async function problems(layout: ImageLayout, options = {}): Promise<string[]> {
  return (await layout.fsck(options)).map(({ kind, path, removed }) => `${kind} ${path}${removed ? ' removed' : ''}`);
}

const short = (text: string) => `blobs/${digestOf(text).replace(':', '/')}`;

test('a layout in order has no problems, also without any image', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  expect(await problems(layout)).toEqual([]);
  await layout.tag('one', await makeImage(layout, ['1', '2']));
  await layout.write(Buffer.from('unneeded'));
  expect(await problems(layout)).toEqual([]);
});

test('wrong and missing content is found, and what is wrong is removed when told', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  await layout.tag('image', await makeImage(layout, ['changed', 'cut off', 'lost', 'good']));
  await writeFile(layout.path(digestOf('changed')), 'CHANGED');
  await truncate(layout.path(digestOf('cut off')), 3);
  await rm(layout.path(digestOf('lost')));
  const found = [
    `blob-wrong ${short('changed')}`,
    `blob-wrong ${short('cut off')}`,
    `size-wrong ${short('cut off')}`,
    `blob-missing ${short('lost')}`,
  ];
  expect((await problems(layout)).sort()).toEqual(found.sort());
  expect(await layout.has(digestOf('changed'))).toBe(true);
  const after = await problems(layout, { remove: true });
  expect(after).toContain(`blob-wrong ${short('changed')} removed`);
  expect((await problems(layout)).sort()).toEqual(
    ['changed', 'cut off', 'lost'].map((text) => `blob-missing ${short(text)}`).sort(),
  );
  expect(await layout.has(digestOf('good'))).toBe(true);
});

test('what is not a blob does not belong among them', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const blobs = join(folder.path, 'blobs/sha256');
  await writeFile(join(folder.path, 'canary'), 'x');
  await mkdir(join(blobs, 'folder'));
  await writeFile(join(blobs, 'note.txt'), 'x');
  await symlink('../../canary', join(blobs, digestOf('x').slice(7)));
  const found = ['folder', 'note.txt', digestOf('x').slice(7)].map((name) => `stray-file blobs/sha256/${name}`);
  expect((await problems(layout)).sort()).toEqual(found.sort());
  await problems(layout, { remove: true });
  expect(await problems(layout)).toEqual([]);
  expect(await readdir(folder.path)).toContain('canary');
});

test('documents that are none are found where they are', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const broken = await writeJson(layout, { schemaVersion: 2, config: 1 }, mediaTypes.manifest);
  await layout.tag('broken', broken);
  expect(await problems(layout)).toEqual([`document-invalid blobs/${broken.digest.replace(':', '/')}`]);
  await writeFile(join(folder.path, 'index.json'), '{"manifests":null}');
  await writeFile(join(folder.path, 'oci-layout'), '{}');
  expect(await problems(layout)).toEqual(['layout-invalid oci-layout', 'layout-invalid index.json']);
  await rm(join(folder.path, 'index.json'));
  expect(await problems(layout)).toEqual(['layout-invalid oci-layout', 'layout-invalid index.json']);
});

test('platforms of an index that were not pulled are no problem, their layers would be', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const manifests = [await makeImage(layout, ['here']), await makeImage(layout, ['there'], 'arm64')];
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
  await layout.tag('both', await writeJson(layout, index, mediaTypes.index));
  await rm(layout.path(digestOf('there')));
  expect(await layout.fsck()).toMatchObject([{ kind: 'blob-missing', from: manifests[1]?.digest }]);
  await rm(layout.path(manifests[1]?.digest ?? 'sha256:'));
  expect(await problems(layout)).toEqual([]);
});

test('looking through a layout stops with the reason of its signal', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  await layout.write(Buffer.from('x'));
  await expect(layout.fsck({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
});

test('looking through the documents stops with the reason of its signal, too', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  await layout.tag('one', await makeImage(layout, ['1']));
  const controller = new AbortController();
  const blob = layout.blob.bind(layout);
  layout.blob = (...wanted) => {
    controller.abort(new Error('enough'));
    return blob(...wanted);
  };
  await expect(layout.fsck({ signal: controller.signal })).rejects.toThrow('enough');
});
