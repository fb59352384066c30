import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { guard, requires, scratch } from '@estiba/testkit';
import { archive, endOfArchive, entryBytes, extendedHeader, layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { applyLayer } from '../../src/layer/apply-layer.ts';
import { tree } from '../tree.ts';

guard();

requires({ on: ['host'] })('a limit', () => {
  it.each([
    ['entries', { maxEntries: 2 }, 'more than 2 entries'],
    ['bytes of content', { maxBytes: 10 }, 'more than 10 bytes'],
  ])('on %s stops a layer before it is made', async (_, limits, message) => {
    using folder = scratch('limit');
    const entries = ['a', 'b', 'c'].map((name) => ({ name, content: '12345' }));
    await expect(applyLayer(layer(...entries), folder.path, { ...limits, owner: 'self' })).rejects.toMatchObject({
      code: 'LAYER_TOO_LARGE',
      message: expect.stringContaining(message),
      entry: 'c',
    });
    expect(existsSync(folder.join('c'))).toBe(false);
  });

  it('that is just reached is none', async () => {
    using folder = scratch('limit');
    const entries = ['a', 'b'].map((name) => ({ name, content: '12345' }));
    await applyLayer(layer(...entries), folder.path, { maxEntries: 2, maxBytes: 10 });
    expect(readdirSync(folder.path)).toEqual(['a', 'b']);
  });

  it('on entries counts the directories on the way to one', async () => {
    using folder = scratch('limit');
    const deep = { name: 'f', pax: { path: `${'d/'.repeat(100)}f` } };
    await expect(applyLayer(layer(deep), folder.path, { maxEntries: 50 })).rejects.toMatchObject({
      code: 'LAYER_TOO_LARGE',
      message: expect.stringContaining('more than 50 entries, with the directories on their ways'),
    });
    expect(tree(folder.path).length).toBeLessThan(60);
    await applyLayer(layer(deep), folder.path, { maxEntries: 101 });
  });

  it('holds for what is told of all that could not be had', async () => {
    using folder = scratch('limit');
    const records = Array.from({ length: 99 }, (_, at) => [`SCHILY.xattr.user.overlay.${at}`, '']);
    const files = Array.from({ length: 110 }, (_, at) => ({ name: `${at}` }));
    const bytes = Buffer.concat([extendedHeader('g', Object.fromEntries(records)), archive(...files)]);
    const { skipped } = await applyLayer(Readable.from([bytes]), folder.path);
    expect(skipped.length).toBe(10_001);
    expect(skipped.at(-1)).toBe('and 890 more');
  });

  it('holds for an archive that goes on after its end', async () => {
    using folder = scratch('limit');
    const bomb = gzipSync(Buffer.concat([endOfArchive, Buffer.alloc(8 * 2 ** 20)]));
    await expect(
      applyLayer(Readable.from([bomb]), folder.path, { maxBytes: 2 ** 20, owner: 'self' }),
    ).rejects.toMatchObject({ code: 'LAYER_TOO_LARGE' });
  });

  it('holds for attributes of directories, which are kept until the end', async () => {
    using folder = scratch('limit');
    const value = Buffer.alloc(60_000, 'x');
    const records = Object.fromEntries(Array.from({ length: 15 }, (_, at) => [`SCHILY.xattr.user.x${at}`, value]));
    const directory = entryBytes({ name: 'd/', type: '5', pax: records });
    const bomb = Readable.from(Array.from({ length: 90 }, () => directory));
    await expect(applyLayer(bomb, folder.path)).rejects.toMatchObject({
      code: 'LAYER_TOO_LARGE',
      message: expect.stringContaining('bytes of extended attributes'),
    });
  });
});

const once = <Value>(make: () => Value) => {
  let value: Value | undefined;
  return () => (value ??= make());
};
const hundred = Buffer.alloc(100 * 2 ** 20);
/** More than the first GiB, behind the end of the archive, so that nothing is written. */
const bombOf = (compress: (bytes: Buffer) => Buffer) =>
  once(() => Buffer.concat([compress(endOfArchive), ...Array<Buffer>(11).fill(compress(hundred))]));
const gzipBomb = bombOf(gzipSync);
const zstdBomb = bombOf(zstdCompressSync);

requires({ on: ['host'] })('the ratio of a layer to its compressed form', () => {
  it.each<[string, () => Buffer]>([
    ['by gzip', gzipBomb],
    ['by zstd', zstdBomb],
  ])('is bounded: a bomb %s is refused before it is whole', { timeout: 30_000 }, async (_, make) => {
    using folder = scratch('ratio');
    const options = { maxRatio: 900, owner: 'self' } as const;
    await expect(applyLayer(Readable.from([make()]), folder.path, options)).rejects.toMatchObject({
      code: 'LAYER_TOO_LARGE',
      message: expect.stringContaining('900'),
    });
  });

  it('is bounded unless told otherwise', { timeout: 30_000 }, async () => {
    using folder = scratch('ratio');
    const refused = applyLayer(Readable.from([zstdBomb()]), folder.path);
    await expect(refused).rejects.toMatchObject({ code: 'LAYER_TOO_LARGE' });
    await applyLayer(Readable.from([zstdBomb()]), folder.path, { maxRatio: 1e6 });
  });

  it('does not count for a small layer, nor for one that is not compressed', { timeout: 30_000 }, async () => {
    using folder = scratch('ratio');
    await applyLayer(Readable.from([gzipSync(Buffer.concat([endOfArchive, hundred]))]), folder.path, { maxRatio: 10 });
    await applyLayer(Readable.from([endOfArchive, ...Array(11).fill(hundred)]), folder.path, { maxRatio: 1 });
  });

  it('is that of the bytes that have come: a bomb behind much that is none is one still', {
    timeout: 30_000,
  }, async () => {
    using folder = scratch('ratio');
    const much = zstdCompressSync(archive({ name: 'f', content: randomBytes(1_000_000) }).subarray(0, -1024));
    const refused = applyLayer(Readable.from([much, zstdBomb()]), folder.path, { maxRatio: 900 });
    await expect(refused).rejects.toMatchObject({ code: 'LAYER_TOO_LARGE' });
  });
});
