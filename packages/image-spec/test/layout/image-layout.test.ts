import { mkdir, readdir, readFile, truncate, utimes, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { digestOf, ImageLayout, mediaTypes } from '../../src/index.ts';
import { makeImage, openLayout, scratch } from '../scratch.ts';

const content = Buffer.from('content');
const described = { mediaType: 'application/octet-stream', digest: digestOf(content), size: content.length };

async function files(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.flatMap((entry) => (entry.isFile() ? relative(directory, join(entry.parentPath, entry.name)) : []));
}

const nothing = ['index.json', 'oci-layout'];

test('an opened folder is an OCI image layout', async () => {
  await using folder = await scratch();
  await ImageLayout.open(join(folder.path, 'new'));
  expect(JSON.parse(await readFile(join(folder.path, 'new/oci-layout'), 'utf8'))).toEqual({
    imageLayoutVersion: '1.0.0',
  });
  // Without it others find no layout: https://github.com/opencontainers/image-spec/blob/main/image-layout.md#indexjson-file
  expect(JSON.parse(await readFile(join(folder.path, 'new/index.json'), 'utf8'))).toMatchObject({
    schemaVersion: 2,
    manifests: [],
  });
});

test('what is a file, or has one in the place of a folder, is no layout', async () => {
  await using folder = await scratch();
  await writeFile(join(folder.path, 'archive.tar'), 'x');
  await writeFile(join(folder.path, 'blobs'), 'x');
  for (const path of [join(folder.path, 'archive.tar'), join(folder.path, 'archive.tar/below'), folder.path]) {
    await expect(ImageLayout.open(path), path).rejects.toMatchObject({ code: 'LAYOUT_INVALID' });
  }
});

test('a folder can be opened by several at the same time, and holds nothing else then', async () => {
  await using folder = await scratch();
  await Promise.all(Array.from({ length: 8 }, () => ImageLayout.open(folder.path)));
  expect(await files(folder.path)).toEqual(nothing);
});

test('reading a blob stops with the reason of its signal', async () => {
  await using folder = await scratch();
  const layout = await ImageLayout.open(folder.path);
  await layout.write(content);
  const controller = new AbortController();
  const stream = await layout.blob(described, { signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(text(stream)).rejects.toThrow('enough');
});

test('a layout of another version is refused', async () => {
  await using folder = await scratch();
  await writeFile(join(folder.path, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}');
  await expect(openLayout(folder.path)).rejects.toMatchObject({ code: 'LAYOUT_INVALID' });
});

test('what is written can be read by its digest', async () => {
  await using folder = await scratch();
  const layout = await ImageLayout.open(folder.path);
  expect(await layout.write(Readable.from([content.subarray(0, 3), content.subarray(3)]))).toEqual(described);
  expect(await text(await layout.blob(described))).toBe('content');
  expect(await text(await layout.blob(described, { start: 4 }))).toBe('ent');
  expect(await layout.has(described.digest)).toBe(true);
  expect(await readFile(join(folder.path, 'blobs/sha256', described.digest.slice(7)), 'utf8')).toBe('content');
});

test('a blob may be named by sha512', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const digest = digestOf(content, 'sha512');
  await layout.write(content, { expect: { digest } });
  expect(await layout.has({ ...described, digest })).toBe(true);
});

test.each([
  ['the wrong digest', { digest: digestOf('other') }, 'DIGEST_MISMATCH'],
  ['too many bytes', { size: 6 }, 'SIZE_MISMATCH'],
  ['too few bytes', { size: 8 }, 'SIZE_MISMATCH'],
])('content with %s leaves nothing', async (_, expected, code) => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  await expect(layout.write(content, { expect: expected })).rejects.toMatchObject({ code });
  expect(await files(folder.path)).toEqual(nothing);
});

test('content that breaks off leaves nothing', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const broken = Readable.from(
    (async function* () {
      yield Buffer.alloc(3_000_000);
      throw new Error('broken off');
    })(),
  );
  await expect(layout.write(broken)).rejects.toThrow('broken off');
  expect(await files(folder.path)).toEqual(nothing);
});

test('an aborted write leaves nothing', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const controller = new AbortController();
  const endless = Readable.from(
    (async function* () {
      for (let chunks = 0; ; chunks++) {
        if (chunks === 5) controller.abort(new Error('enough'));
        yield Buffer.alloc(500_000);
      }
    })(),
  );
  await expect(layout.write(endless, { signal: controller.signal })).rejects.toThrow('enough');
  expect(await files(folder.path)).toEqual(nothing);
});

test('a blob that is not there, or was cut, is an error', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  await expect(layout.blob(described)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  await layout.write(content);
  await truncate(layout.path(described.digest), 3);
  await expect(layout.blob(described)).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
  expect(await layout.has(described)).toBe(false);
});

test('a digest cannot lead out of the layout', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  expect(() => layout.path('sha256:../../oci-layout')).toThrow(expect.objectContaining({ code: 'DIGEST_INVALID' }));
});

test('what other tools wrote into index.json survives', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const foreign = { ...described, annotations: { 'org.example': 'x' }, extra: true };
  await writeFile(
    join(folder.path, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [foreign], 'x.y': 1 }),
  );
  await layout.tag('demo', described);
  const index = JSON.parse(await readFile(join(folder.path, 'index.json'), 'utf8'));
  expect(index).toMatchObject({ 'x.y': 1, manifests: [foreign, { digest: described.digest }] });
});

test('an index.json that cannot be read is an error, not an empty layout', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  await writeFile(join(folder.path, 'index.json'), '{"schemaVersion":2,"manifests":null}');
  await expect(layout.tag('demo', described)).rejects.toMatchObject({ code: 'DOCUMENT_INVALID', path: 'manifests' });
});

test('pruning keeps what has a name and removes the rest', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  await layout.tag('kept', await makeImage(layout, ['kept', 'shared']));
  const lost = await makeImage(layout, ['lost', 'shared']);
  await mkdir(join(folder.path, 'blobs/other'));
  expect(await layout.prune({ olderThan: 60_000 })).toEqual({ removed: [], bytes: 0 });
  await utimes(layout.path(lost.digest), 4e9, 4e9);
  const { removed, bytes } = await layout.prune();
  expect(removed).toHaveLength(3);
  expect(removed).toContain(lost.digest);
  expect(bytes).toBeGreaterThan(0);
  expect(await layout.has(digestOf('shared'))).toBe(true);
  expect(await layout.has(digestOf('lost'))).toBe(false);
  expect((await layout.image('kept')).manifest.mediaType).toBe(mediaTypes.manifest);
});
