import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Descriptor, describe, type ImageLayout } from '../../src/index.ts';
import { collect, makeImage, openLayout, scratch } from '../scratch.ts';

test('a name leads to its image until it is given to another', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const [one, two] = [await makeImage(layout, ['1']), await makeImage(layout, ['2'])];
  await layout.tag('demo:1', one);
  expect((await layout.image('demo:1')).descriptor.digest).toBe(one.digest);
  await layout.tag('demo:1', two);
  expect((await layout.image('demo:1')).descriptor.digest).toBe(two.digest);
  expect((await layout.image(two.digest)).descriptor.digest).toBe(two.digest);
  await layout.untag('demo:1');
  await expect(layout.image('demo:1')).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
  await expect(layout.untag('demo:1')).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
});

test('names given at the same time are all kept', async () => {
  await using folder = await scratch();
  const layouts = await Promise.all([openLayout(folder.path), openLayout(folder.path)]);
  const names = Array.from({ length: 20 }, (_, number) => `demo:${number}`);
  await Promise.all(names.map((name, number) => layouts[number % 2]?.tag(name, describe(Buffer.from('x'), 'x/y'))));
  const found = (await collect((layouts[0] as ImageLayout).images())).map(({ name }) => name);
  expect(found.sort()).toEqual(names.sort());
});

test('a name that several platforms share leads to the one that is wanted', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const entries: Descriptor[] = [];
  for (const architecture of ['amd64', 'arm64']) {
    const platform = { os: 'linux', architecture };
    const annotations = { 'org.opencontainers.image.ref.name': 'shared' };
    entries.push({ ...(await makeImage(layout, [architecture], architecture)), platform, annotations });
  }
  await writeFile(join(folder.path, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: entries }));
  const image = await layout.image('shared', { platform: { os: 'linux', architecture: 'arm64' } });
  expect(image.config.architecture).toBe('arm64');
});

test('an image of two names is found by its digest, whatever it is for', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const platform = { os: 'linux', architecture: 'riscv64' };
  const descriptor = { ...(await makeImage(layout, ['x'], 'riscv64')), platform };
  await layout.tag('one', descriptor);
  await layout.tag('two', descriptor);
  expect((await layout.image(descriptor.digest)).descriptor.digest).toBe(descriptor.digest);
});

test('a new name is not accompanied by the full one that the image had elsewhere', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const annotations = { 'io.containerd.image.name': 'docker.io/library/old:1', 'org.example': 'x' };
  await layout.tag('new', { ...(await makeImage(layout, ['x'])), annotations });
  const [image] = await collect(layout.images());
  expect(image?.descriptor.annotations).toEqual({
    'org.example': 'x',
    'org.opencontainers.image.ref.name': 'new',
  });
});

test('an index.json that is no UTF-8 is refused, and stays as it is', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const path = join(folder.path, 'index.json');
  const before = Buffer.from('{"schemaVersion":2,"manifests":[],"annotations":{"who":"J\xfcrgen"}}', 'latin1');
  await writeFile(path, before);
  const named = layout.tag('x', await makeImage(layout, ['x']));
  await expect(named).rejects.toMatchObject({ code: 'DOCUMENT_INVALID' });
  expect((await readFile(path)).equals(before)).toBe(true);
  expect(await layout.fsck()).toMatchObject([{ kind: 'layout-invalid', path: 'index.json' }]);
});

test('a name that would make index.json unreadable is refused, and the others stay', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const descriptor = await makeImage(layout, ['x']);
  await layout.tag('kept', descriptor);
  await expect(layout.tag('x'.repeat(5_000_000), descriptor)).rejects.toMatchObject({ code: 'DOCUMENT_TOO_LARGE' });
  await expect(layout.tag('odd', { ...descriptor, size: Number.NaN })).rejects.toMatchObject({
    code: 'DOCUMENT_INVALID',
  });
  expect((await collect(layout.images())).map(({ name }) => name)).toEqual(['kept']);
});

test('an index.json that is too long when indented is written without', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const descriptor = await makeImage(layout, ['x']);
  const manifests = Array.from({ length: 16_000 }, (_, number) => ({
    ...descriptor,
    annotations: { 'org.opencontainers.image.ref.name': `${number}` },
  }));
  await writeFile(join(folder.path, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  await layout.tag('last', descriptor);
  expect(await collect(layout.images())).toHaveLength(16_001);
});
