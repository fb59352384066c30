import { execFileSync } from 'node:child_process';
import { link, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { archive, type EntrySpec, endOfArchive, entryBytes, extendedHeader } from '@estiba/testkit/archive';
import { create } from 'tar';
import { expect, test } from 'vitest';
import { readLayer, usualLimits } from '../../src/compare/read-layer.ts';
import { digestOf } from '../../src/index.ts';
import { made } from '../made.ts';
import { scratch } from '../scratch.ts';

async function read(tar: Uint8Array) {
  for await (const layer of (await made([tar])).image.layers()) return readLayer(layer, usualLimits);
  throw new Error('there is no layer');
}

async function only(...specs: EntrySpec[]) {
  const entries = await read(archive(...specs));
  expect(entries).toHaveLength(1);
  return entries[0] as (typeof entries)[0];
}

/** Bytes beyond ASCII are one character each. */
const latin1 = (text: string) => Buffer.from(text).toString('latin1');

test('records of an extended header go before the fields, whatever bytes they hold', async () => {
  const capability = Buffer.from('0100000002000a0000000000000000000a000000', 'hex');
  const { path, facts } = await only({
    name: 'short',
    content: 'x',
    pax: {
      path: 'a\nb/ñ',
      uid: '3000000',
      gid: '4294967294',
      mtime: '1650000000.5',
      'SCHILY.xattr.security.capability': capability,
      'LIBARCHIVE.xattr.user.a%3Db': 'AAo=',
    },
  });
  expect(path).toEqual(['a\nb', latin1('ñ')]);
  expect(facts).toEqual({
    type: 'file',
    mode: 0o644,
    uid: 3_000_000,
    gid: 4_294_967_294,
    mtime: '1650000000.500000000',
    size: 1,
    digest: digestOf('x'),
    xattrs: { 'security.capability': capability.toString('hex'), 'user.a=b': '000a' },
  });
});

test('names that are not UTF-8 stay apart', async () => {
  const names = [Buffer.from([0x61, 0xff]), Buffer.from([0x61, 0xfe])];
  const entries = await read(archive(...names.map((name) => ({ name }))));
  expect(entries.map(({ path }) => path)).toEqual([['a\xff'], ['a\xfe']]);
});

test('a header for all that follows holds until it is overruled', async () => {
  const tar = Buffer.concat([
    extendedHeader('g', { uid: '7' }),
    entryBytes({ name: 'a', uid: 1 }),
    entryBytes({ name: 'b', pax: { uid: '8' } }),
    entryBytes({ name: 'c' }),
    endOfArchive,
  ]);
  expect((await read(tar)).map(({ facts }) => facts.uid)).toEqual([7, 8, 7]);
});

test("GNU tar's long names and devices are read", async () => {
  const long = `${'d'.repeat(90)}/${'f'.repeat(90)}`;
  const tar = archive(
    { name: '././@LongLink', type: 'K', content: `${long}\0` },
    { name: '././@LongLink', type: 'L', content: `${long}2\0` },
    { name: 'cut', type: '2', link: 'cut', raw: { 257: 'ustar  ' } },
    { name: 'null', type: '3', device: [1, 3], raw: { 257: 'ustar  ' } },
  );
  const [link, device] = await read(tar);
  expect([link?.path.join('/'), link?.target, link?.facts.link]).toEqual([`${long}2`, long, long]);
  expect(device?.facts.device).toBe('1:3');
});

test('what is no file is passed over, with its content', async () => {
  const tar = archive(
    { name: 'label', type: 'V' },
    { name: 'x', type: 'M', content: 'y'.repeat(600) },
    { name: 'file' },
  );
  expect((await read(tar)).map(({ path }) => path.join('/'))).toEqual(['file']);
});

test('a file whose short name ends like that of a directory has its content', async () => {
  const spec = { name: 'names/', content: 'x', pax: { path: Buffer.from('names/\x80', 'latin1') } };
  const [file, next] = await read(archive(spec, { name: 'next' }));
  expect(file).toMatchObject({ path: ['names', '\x80'], facts: { type: 'file', size: 1, digest: digestOf('x') } });
  expect(next?.path).toEqual(['next']);
});

test('a name with a slash at its end is that of a directory', async () => {
  expect((await only({ name: 'old/', type: '\0' })).facts).toMatchObject({ type: 'directory' });
});

test('an archive whose last block is not filled up is complete', async () => {
  expect(await read(archive({ name: 'a', content: 'x' }).subarray(0, 512 + 1))).toHaveLength(1);
  expect(await read(Buffer.alloc(0))).toEqual([]);
});

test.each<[string, Buffer]>([
  ['no tar archive', Buffer.alloc(600, 'x')],
  ['no tar archive', Buffer.concat([entryBytes({ name: 'a' }), Buffer.alloc(512, 1)])],
  ['ends in the middle of an entry', archive({ name: 'a', content: 'x'.repeat(1000) }).subarray(0, 1200)],
  ['ends in the middle of an entry', archive({ name: 'a', size: 5_000 })],
  ['a lone block of zeros', Buffer.concat([Buffer.alloc(512), archive({ name: 'a' })])],
  ['a directory has content', archive({ name: 'a/', content: 'x' })],
  ['a record that is none', archive({ name: 'p', type: 'x', content: '99 path=a\n' })],
  ['a record that is none', archive({ name: 'p', type: 'x', content: 'path=a\n' })],
  ['a record that is none', archive({ name: 'p', type: 'x', content: '6 path=a\n' })],
  ['a size of', archive({ name: 'a', pax: { size: '1e30' } })],
  ['a size of', archive({ name: 'a', pax: { size: '-5' } })],
])('what cannot be read is refused: %s', async (why, tar) => {
  const error = await read(tar).catch((caught) => caught);
  expect(error).toMatchObject({ code: 'LAYER_INVALID', message: expect.stringContaining(why) });
});

test.each<[string, Buffer]>([
  ['in one extended header', archive({ name: 'p', type: 'L', content: Buffer.alloc(1024 * 1024 + 1, 'x') })],
  [
    'before one entry',
    Buffer.alloc(
      9 * (1024 * 1024 + 512),
      archive({ name: 'p', type: 'K', content: Buffer.alloc(1024 * 1024, 'x') }).subarray(0, -1024),
    ),
  ],
  [
    'about all of its entries',
    Buffer.concat(Array.from({ length: 70 }, (_, at) => extendedHeader('g', { [`k${at}`]: 'x'.repeat(1000) }))),
  ],
])('extended headers have bounds: %s', async (why, tar) => {
  const error = await read(tar).catch((caught) => caught);
  expect(error).toMatchObject({ code: 'LAYER_TOO_LARGE', message: expect.stringContaining(why) });
});

test('what tar writes of a folder is read as the folder is', async () => {
  await using folder = await scratch();
  const long = 'l'.repeat(120);
  const inside = join(folder.path, 'tree', long);
  await mkdir(inside, { recursive: true });
  await writeFile(join(inside, 'ñandú'), 'content');
  await link(join(inside, 'ñandú'), join(inside, 'other'));
  await symlink('ñandú', join(inside, 'symbolic'));
  await writeFile(join(inside, 'large'), Buffer.alloc(3_000_000, 'abc'));
  const byNode = await buffer(create({ cwd: join(folder.path, 'tree'), portable: false }, ['.']) as never);
  const byGnu = execFileSync('tar', ['-C', join(folder.path, 'tree'), '--format=posix', '-cf', '-', '.'], {
    maxBuffer: 2 ** 24,
  });
  for (const tar of [byNode, byGnu]) {
    const entries = await read(tar);
    const found = new Map(entries.map((entry) => [entry.path.at(-1) ?? '.', entry]));
    expect([...found.keys()].sort()).toEqual(['.', 'large', long, latin1('ñandú'), 'other', 'symbolic'].sort());
    expect(found.get('large')?.facts.digest).toBe(digestOf(Buffer.alloc(3_000_000, 'abc')));
    expect(found.get('symbolic')?.facts.link).toBe('ñandú');
    const [first, second] = [found.get(latin1('ñandú')), found.get('other')].sort((a) => (a?.isHardLink ? 1 : -1));
    expect(first?.facts).toMatchObject({ size: 7, digest: digestOf('content') });
    expect(second).toMatchObject({ isHardLink: true, target: expect.stringContaining(first?.path.at(-1) ?? '') });
    expect(found.get('large')?.facts).toMatchObject({ uid: process.getuid?.(), gid: process.getgid?.() });
  }
});

test('a name with more components than a tree may have is refused before it is kept', async () => {
  const deep = (parts: number) => archive({ name: 'x', pax: { path: `${'d/'.repeat(parts - 1)}f` } });
  expect(await read(deep(500))).toHaveLength(1);
  await expect(read(deep(501))).rejects.toMatchObject({ code: 'LAYER_INVALID' });
});
