import { gzipSync } from 'node:zlib';
import { archive, type EntrySpec } from '@estiba/testkit/archive';
import { expect, test } from 'vitest';
import { type CompareFilesOptions, compareImages, digestOf, type FileChange } from '../../src/index.ts';
import { made } from '../made.ts';
import { collect } from '../scratch.ts';

type Entries = readonly EntrySpec[];

/** Each layer as a list of entries. */
async function files(
  before: readonly Entries[],
  after: readonly Entries[],
  options?: CompareFilesOptions,
): Promise<FileChange[]> {
  const image = async (layers: readonly Entries[]) => (await made(layers.map((entries) => archive(...entries)))).image;
  return collect((await compareImages(await image(before), await image(after))).files(options));
}

/** `added a/b`, `changed a: mode, uid` */
function told(changes: readonly FileChange[]): string[] {
  return changes.map(
    (change) => `${change.kind} ${change.path}${'fields' in change ? `: ${change.fields.join(', ')}` : ''}`,
  );
}

const base: Entries = [
  { name: './', type: '5' },
  { name: 'etc/', type: '5' },
  { name: 'etc/name', content: 'base' },
  { name: 'etc/rc/', type: '5' },
  { name: 'etc/rc/one', content: '1' },
  { name: 'etc/rc/two', content: '2' },
  { name: 'bin', type: '2', link: 'usr/bin' },
  { name: 'usr/bin/', type: '5' },
  { name: 'usr/bin/sh', content: 'sh', mode: 0o755 },
  { name: 'usr/bin/ash', type: '1', link: 'usr/bin/sh' },
];

/** What a layer on top of the base changes. */
async function on(...layer: Entries): Promise<string[]> {
  return told(await files([base], [base, layer]));
}

test('what was added, removed and changed is told with all facts before and after', async () => {
  const layer = [
    { name: 'etc/name', content: 'other', mode: 0o600, uid: 1, gid: 2 },
    { name: 'etc/.wh.rc' },
    { name: 'new', type: '3', device: [1, 3] as const },
  ];
  const [name, rc, one, two, device, ...rest] = await files([base], [base, layer]);
  const facts = { type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: '1700000000.000000000' };
  expect(name).toEqual({
    path: 'etc/name',
    kind: 'changed',
    before: { ...facts, size: 4, digest: digestOf('base') },
    after: { ...facts, mode: 0o600, uid: 1, gid: 2, size: 5, digest: digestOf('other') },
    fields: ['mode', 'uid', 'gid', 'size', 'digest'],
  });
  expect(told([rc, one, two, device] as FileChange[])).toEqual([
    'removed etc/rc',
    'removed etc/rc/one',
    'removed etc/rc/two',
    'added new',
  ]);
  expect(device).toMatchObject({ after: { type: 'character', device: '1:3' } });
  expect(rest).toEqual([]);
});

test('images with the same files do not differ, however these are spread over layers', async () => {
  expect(await files([base], [base.slice(0, 5), base.slice(5)])).toEqual([]);
  expect(await files([base], [[{ name: 'usr/gone' }], [{ name: 'usr/.wh.gone' }, ...base]])).toEqual([]);
});

test('another time alone is a change only for who asks', async () => {
  const later = base.map((entry) => ({ ...entry, mtime: 1_800_000_000 }));
  expect(await files([base], [later])).toEqual([]);
  const changes = told(await files([base], [later], { times: true }));
  expect(changes).toContain('changed etc/name: mtime');
  // usr has no entry, and so no time.
  expect(changes).toHaveLength(base.length);
});

test('a whiteout hides what is below and not what its own layer has, wherever it stands', async () => {
  expect(await on({ name: 'etc/rc/.wh.one' })).toEqual(['removed etc/rc/one']);
  expect(await on({ name: 'etc/rc/three' }, { name: 'etc/.wh.rc' })).toEqual([
    'removed etc/rc/one',
    'added etc/rc/three',
    'removed etc/rc/two',
  ]);
  expect(await on({ name: 'etc/rc/one', content: 'new' }, { name: 'etc/rc/.wh.one' })).toEqual([
    'changed etc/rc/one: size, digest',
  ]);
  expect(await on({ name: 'etc/.wh.never-there' })).toEqual([]);
  expect(await on({ name: 'etc/rc/one', type: '3', device: [0, 0] })).toEqual(['removed etc/rc/one']);
});

test('an opaque directory hides what is below', async () => {
  const opaque = { name: 'etc/rc/.wh..wh..opq' };
  const changes = ['removed etc/rc/one', 'added etc/rc/three', 'removed etc/rc/two'];
  expect(await on(opaque, { name: 'etc/rc/three' })).toEqual(changes);
  expect(await on({ name: 'etc/rc/three' }, opaque)).toEqual(changes);
  expect(await on({ name: '.wh..wh..opq' })).toHaveLength(10);
  expect(await on({ name: 'nowhere/.wh..wh..opq' })).toEqual([]);
  expect(await on({ name: '.wh..wh.plnk' }, { name: '.wh..wh.plnk/1.2' })).toEqual([]);
});

test('a file takes the place of a directory with all in it, and the other way round', async () => {
  expect(await on({ name: 'etc/rc', content: 'x' })).toEqual([
    'changed etc/rc: type, mode, size, digest',
    'removed etc/rc/one',
    'removed etc/rc/two',
  ]);
  expect(await on({ name: 'etc/name/inside' })).toEqual([
    'changed etc/name: type, mode, size, digest',
    'added etc/name/inside',
  ]);
  expect(await on({ name: 'etc/rc/', type: '5', mode: 0o700 })).toEqual(['changed etc/rc: mode']);
});

test('a way through links leads to where they lead, and never out', async () => {
  expect(await on({ name: 'bin/new' })).toEqual(['added usr/bin/new']);
  const links: Entries = [
    { name: 'up', type: '2', link: '../../../etc' },
    { name: 'root', type: '2', link: '/usr/./bin/../bin/' },
  ];
  expect(
    told(
      await files(
        [[...base, ...links]],
        [
          [...base, ...links],
          [{ name: 'up/a' }, { name: 'root/b' }],
        ],
      ),
    ),
  ).toEqual(['added etc/a', 'added usr/bin/b']);
});

test('names of one file are told as such', async () => {
  expect(await on({ name: 'usr/bin/ash', content: 'sh', mode: 0o755 })).toEqual(['changed usr/bin/sh: hardLink']);
  expect(await on({ name: 'usr/bin/.wh.ash' })).toEqual(['removed usr/bin/ash', 'changed usr/bin/sh: hardLink']);
  const [added] = await files([base], [base, [{ name: 'usr/bin/zsh', type: '1', link: './bin/sh' }]]);
  expect(added).toMatchObject({ path: 'usr/bin/zsh', after: { hardLink: 'usr/bin/ash', digest: digestOf('sh') } });
});

test('a whiteout hides one name of a file that its layer gave another', async () => {
  const layer = [{ name: 'copy', type: '1', link: 'usr/bin/sh' }, { name: 'usr/bin/.wh.sh' }];
  expect(told(await files([base], [base, layer]))).toEqual([
    'added copy',
    'changed usr/bin/ash: hardLink',
    'removed usr/bin/sh',
  ]);
});

test('what was in a directory is gone with it when a link takes its place, also where that is listed', async () => {
  const layer = [
    { name: 'etc/rc', type: '2', link: '../usr' },
    { name: 'etc/rc/.wh.one' },
    { name: 'etc/rc/.wh..wh..opq' },
  ];
  expect(await on(...layer)).toEqual(['changed etc/rc: type, mode, link', 'removed etc/rc/one', 'removed etc/rc/two']);
});

test.each<[string, Entries]>([
  ['climbs out', [{ name: '../etc/passwd' }]],
  ['climbs out', [{ name: 'a', type: '1', link: '../../etc/passwd' }]],
  ['inside a whiteout', [{ name: '.wh.etc/name' }]],
  ['has to name what it hides', [{ name: 'etc/.wh.' }]],
  ['has to name what it hides', [{ name: 'etc/.wh...' }]],
  ['neither in this layer', [{ name: 'a', type: '1', link: 'missing' }]],
  ['which is a directory', [{ name: 'a', type: '1', link: 'etc' }]],
  ['lies in what it replaces', [{ name: 'etc', type: '1', link: 'etc/name' }]],
  ['can only be a directory', [{ name: './', type: '2', link: 'x' }]],
  ['more than 40 symbolic links', [{ name: 'l', type: '2', link: 'l' }, { name: 'l/x' }]],
  ['behind a symbolic link', [{ name: 'bin/.wh.sh' }]],
  ['behind a symbolic link', [{ name: 'new', type: '2', link: 'etc' }, { name: 'new/.wh.name' }]],
  ['deeper than 500', [{ name: 'x', pax: { path: 'd/'.repeat(501) } }]],
  ['longer than 4095 bytes', [{ name: 'l', type: '2', pax: { linkpath: 'a/'.repeat(300_000) } }, { name: 'l/x' }]],
  ['the name of a whiteout', [{ name: 'l', type: '2', link: '.wh.x' }, { name: 'l/x' }]],
])('a layer that no tool could unpack is refused: it %s', async (why, layer) => {
  const error = await files([base], [base, layer]).catch((caught) => caught);
  expect(error).toMatchObject({ code: 'LAYER_INVALID', message: expect.stringContaining(why) });
  expect(error.message.length).toBeLessThan(1000);
});

test('there are bounds', async () => {
  const many = Array.from({ length: 20 }, (_, at) => ({ name: `f${at}` }));
  const refused = (options: CompareFilesOptions, layer: Entries = many) =>
    expect(files([base], [base, layer], options)).rejects.toMatchObject({ code: 'LAYER_TOO_LARGE' });
  await refused({ maxEntries: 19 });
  await refused({ maxEntries: 19 }, Array(20).fill({ name: 'again and again' }));
  await refused({ maxEntries: 30 }, [{ name: 'x', pax: { path: 'd/'.repeat(40) } }]);
  await refused({ maxBytes: 8192 });
  expect(await files([base], [base, many], { maxEntries: 32, maxBytes: 11_776 })).toHaveLength(20);
});

test('a layer that both images have is read once', async () => {
  const { store, descriptor, image } = await made([archive(...base), archive({ name: 'x' })]);
  const { image: other } = await made([archive(...base), archive({ name: 'y' })], { store });
  const read: string[] = [];
  const blob = store.blob.bind(store);
  store.blob = (wanted, options) => {
    read.push(wanted.digest);
    return blob(wanted, options);
  };
  expect(told(await collect((await compareImages(image, other)).files()))).toEqual(['removed x', 'added y']);
  expect(read.filter((digest) => digest === digestOf(archive(...base)))).toHaveLength(1);
  expect(descriptor.digest).toBeTruthy();
});

test('a layer that is not what its diff id says is refused, and none is read after the signal', async () => {
  const { image } = await made([{ bytes: gzipSync(archive(...base)), tar: archive({ name: 'other' }) }]);
  const comparison = await compareImages(image, image);
  await expect(collect(comparison.files())).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(collect(comparison.files({ signal }))).rejects.toThrow('enough');
});

test('what changed in the config is told, but for the layers', async () => {
  const { image: before } = await made(['a'], { config: { config: { Cmd: ['sh'] } } });
  const { image: after } = await made(['b'], { config: { config: { Cmd: ['top'] }, author: 'me' } });
  expect((await compareImages(before, after)).config).toEqual([
    { path: 'config.Cmd[0]', before: 'sh', after: 'top' },
    { path: 'author', after: 'me' },
  ]);
});
