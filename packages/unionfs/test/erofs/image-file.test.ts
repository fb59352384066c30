/** What an image is as a file: complete or none, and the layer it was made of. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { scratch } from '@estiba/testkit';
import { archive, endOfArchive, entryBytes, extendedHeader, layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { erofsOrigin, exportTar } from '../../src/erofs/export-tar.ts';
import { writeErofs } from '../../src/erofs/write-erofs.ts';

const small = () => archive({ name: 'a', content: 'x'.repeat(3000) }, { name: 'b/', type: '5' }, { name: 'c' });

it.each<[string, (tar: Buffer) => Buffer, (tar: Buffer) => Buffer]>([
  ['plain', (tar) => tar, (tar) => tar],
  [
    'in several gzip members',
    (tar) => Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))]),
    (tar) => tar,
  ],
  ['compressed by zstd', (tar) => zstdCompressSync(tar), (tar) => tar],
  ['with something behind its end', (tar) => gzipSync(garbled(tar)), garbled],
  ['without an end', (tar) => tar.subarray(0, -1024), (tar) => tar.subarray(0, -1024)],
  ['of no bytes', () => Buffer.alloc(0), () => Buffer.alloc(0)],
  ['of some megabytes', (tar) => gzipSync(large(tar)), large],
])('a layer %s is given back byte for byte', async (_, packed, plain) => {
  using folder = scratch('erofs');
  const { diffId, size } = await writeErofs(Readable.from([packed(small())]), folder.join('image'));
  const tar = await buffer(exportTar(folder.join('image')));
  expect(tar.equals(plain(small()))).toBe(true);
  expect(diffId).toBe(`sha256:${createHash('sha256').update(tar).digest('hex')}`);
  expect(await erofsOrigin(folder.join('image'))).toEqual({ diffId, size: tar.length });
  expect(size).toBe(tar.length);
});

it('the same layer makes the same image', async () => {
  using folder = scratch('erofs');
  for (const name of ['one', 'two']) await writeErofs(Readable.from([small()]), folder.join(name));
  expect(readFileSync(folder.join('one')).equals(readFileSync(folder.join('two')))).toBe(true);
});

it('an image that was not completed is none', async () => {
  using folder = scratch('erofs');
  await writeErofs(Readable.from([small()]), folder.join('image'));
  const bytes = readFileSync(folder.join('image'));
  writeFileSync(folder.join('cut'), bytes.subarray(0, 512));
  // The header is written last.
  writeFileSync(folder.join('headless'), bytes.fill(0, 0, 4096));
  for (const name of ['cut', 'headless']) {
    const refusal = { code: 'LAYER_INVALID', message: expect.stringContaining('not completed') };
    await expect(erofsOrigin(folder.join(name))).rejects.toMatchObject(refusal);
    await expect(buffer(exportTar(folder.join(name)))).rejects.toMatchObject(refusal);
  }
  truncateSync(folder.join('image'), 5000);
  await expect(buffer(exportTar(folder.join('image')))).rejects.toMatchObject({ code: 'LAYER_INVALID' });
});

it.each<[string, Parameters<typeof writeErofs>[2], object, Iterable<Buffer>?]>([
  ['has more entries than it may', { maxEntries: 2 }, { code: 'LAYER_TOO_LARGE', entry: 'c' }],
  ['has more content than it may', { maxBytes: 2999 }, { code: 'LAYER_TOO_LARGE', entry: 'a' }],
  ['has more directories on its ways than entries', { maxEntries: 3 }, { code: 'LAYER_TOO_LARGE' }, deep()],
  ['has more attributes than fit into memory', {}, { code: 'LAYER_TOO_LARGE', entry: 'f' }, manyAttributes()],
  ['is another one than expected', { expect: `sha256:${'0'.repeat(64)}` }, { code: 'LAYER_MISMATCH' }],
  ['is not wanted any more', { signal: AbortSignal.abort(new Error('enough')) }, { message: 'enough' }],
])('a layer that %s leaves no file', async (_, options, refusal, content = [small()]) => {
  using folder = scratch('erofs');
  const source = Readable.from(content);
  await expect(writeErofs(source, folder.join('image'), options)).rejects.toMatchObject(refusal);
  expect(source.destroyed).toBe(true);
  expect(readdirSync(folder.path)).toEqual([]);
});

it.each([256, 300, 500, 501, 5000])(
  'a whiteout of a name of %i bytes, which no file has, makes no image',
  async (length) => {
    using folder = scratch('erofs');
    const whiteout = layer({ name: 'x', pax: { path: `.wh.${'n'.repeat(length)}` } });
    await expect(writeErofs(whiteout, folder.join('image'))).rejects.toMatchObject({ code: 'LAYER_INVALID' });
  },
);

it('what is told of all that an image could not have is bounded', async () => {
  using folder = scratch('erofs');
  const records = Array.from({ length: 99 }, (_, at) => [`SCHILY.xattr.user.overlay.${at}`, '']);
  const files = Array.from({ length: 110 }, (_, at) => ({ name: `${at}` }));
  const bytes = Buffer.concat([extendedHeader('g', Object.fromEntries(records)), archive(...files)]);
  const { skipped } = await writeErofs(Readable.from([bytes]), folder.join('image'));
  expect(skipped.length).toBe(10_001);
  expect(skipped.at(-1)).toBe('and 890 more');
});

it('a layer that is given up in its middle leaves no file', async () => {
  using folder = scratch('erofs');
  const stop = new AbortController();
  const written = writeErofs(Readable.from(endless()), folder.join('image'), { signal: stop.signal });
  setTimeout(() => stop.abort(new Error('enough')), 50);
  await expect(written).rejects.toThrow('enough');
  expect(readdirSync(folder.path)).toEqual([]);
});

it('a file that somebody has put in the place of a layer in the making stays', async () => {
  using folder = scratch('erofs');
  function* swapped(): Generator<Buffer> {
    yield entryBytes({ name: 'a' });
    unlinkSync(folder.join('image'));
    writeFileSync(folder.join('image'), 'precious');
    yield Buffer.alloc(512, 'x');
  }
  const written = writeErofs(Readable.from(swapped()), folder.join('image'));
  await expect(written).rejects.toMatchObject({ code: 'LAYER_INVALID' });
  expect(readFileSync(folder.join('image'), 'utf8')).toBe('precious');
});

it('nothing is written over a file that is there', async () => {
  using folder = scratch('erofs');
  writeFileSync(folder.join('image'), 'precious');
  const refusal = { code: 'LAYER_REFUSED', message: expect.stringContaining('new file') };
  await expect(writeErofs(layer({ name: 'a' }), folder.join('image'))).rejects.toMatchObject(refusal);
  expect(readFileSync(folder.join('image'), 'utf8')).toBe('precious');
});

it('a sparse file beyond what an image can hold is refused', async () => {
  using folder = scratch('erofs');
  const size = 2 ** 41;
  const pax = {
    'GNU.sparse.major': '1',
    'GNU.sparse.minor': '0',
    'GNU.sparse.name': 's',
    'GNU.sparse.realsize': `${size}`,
  };
  const sparse = layer({ name: 's', content: '0\n'.padEnd(512, '\0'), pax });
  await expect(writeErofs(sparse, folder.join('image'))).rejects.toMatchObject({ code: 'LAYER_REFUSED' });
  expect(readdirSync(folder.path)).toEqual([]);
});

function deep(): Buffer[] {
  return [archive({ name: 'a/b/c/d/e', content: 'x' })];
}

function* manyAttributes(): Generator<Buffer> {
  const values = ['a', 'b', 'c', 'd'].map((name) => [`SCHILY.xattr.user.${name}`, Buffer.alloc(60_000, name)]);
  const entry = entryBytes({ name: 'f', pax: Object.fromEntries(values) });
  for (let count = 0; count < 300; count++) yield entry;
  yield endOfArchive;
}

function garbled(tar: Buffer): Buffer {
  return Buffer.concat([tar, Buffer.alloc(5000, 'anything')]);
}

function large(tar: Buffer): Buffer {
  const content = Buffer.alloc(5_000_000).map((_, index) => (index * 31) % 251);
  return Buffer.concat([entryBytes({ name: 'large', content: Buffer.from(content) }), tar]);
}

function* endless(): Generator<Buffer> {
  for (let count = 0; count < 1e6; count++) yield entryBytes({ name: `${count}`, content: 'x'.repeat(100_000) });
  yield endOfArchive;
}
