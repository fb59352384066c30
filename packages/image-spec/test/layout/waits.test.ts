/** Whatever of a layout waits for another process, the signal ends it, with its reason. */
import { readdir, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { type Descriptor, describe, digestOf, type ImageLayout, save } from '../../src/index.ts';
import { acquire } from '../../src/layout/lock.ts';
import { ingestDirectory, layoutLockPath, leaseDirectory } from '../../src/layout/places.ts';
import { made } from '../made.ts';
import { makeImage, openLayout, scratch } from '../scratch.ts';

const enough = new Error('enough');

test.each<[string, (layout: ImageLayout, signal: AbortSignal, image: Descriptor) => Promise<unknown>]>([
  ['to give a name', (layout, signal, image) => layout.tag('new', image, { signal })],
  ['to take a name away', (layout, signal) => layout.untag('old', { signal })],
  ['to prune', (layout, signal) => layout.prune({ signal })],
  ['to remove wrong blobs', (layout, signal) => layout.fsck({ remove: true, signal })],
  [
    'to lease',
    async (layout, signal) => {
      await using lease = await layout.lease({ signal });
      await lease.add(digestOf('x'));
    },
  ],
  [
    'to write with a lease',
    async (layout, signal) => {
      await using lease = await layout.lease();
      await layout.write(Buffer.from('x'), { lease, signal });
    },
  ],
  [
    'to ingest with a lease',
    async (layout, signal) => {
      await using lease = await layout.lease();
      await layout.ingest(describe(Buffer.from('x'), 'x/y'), { lease, signal });
    },
  ],
  ['to save', async (layout, signal) => save((await made(['x'])).image, layout, { name: 'x', signal })],
])(
  'the wait %s while others change the layout ends with the signal',
  async (_, begin) => {
    await using folder = await scratch();
    const layout = await openLayout(folder.path);
    const image = await makeImage(layout, ['1']);
    await layout.tag('old', image);
    await layout.write(Buffer.from('unneeded'));
    await layout.write(Buffer.from('wrong'));
    await writeFile(layout.path(digestOf('wrong')), 'WRONG');
    await using _lock = await acquire(layoutLockPath(folder.path));
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(enough), 100);
    const started = performance.now();
    await expect(begin(layout, controller.signal, image)).rejects.toBe(enough);
    clearTimeout(timer);
    expect(performance.now() - started).toBeGreaterThan(90);
    expect(performance.now() - started).toBeLessThan(3000);
    expect(await readdir(leaseDirectory(folder.path))).toEqual([]);
  },
  8000,
);

test('a lease that is disposed of no longer waits', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  await using _lock = await acquire(layoutLockPath(folder.path));
  const lease = await layout.lease();
  const added = lease.add(digestOf('x'));
  await lease[Symbol.asyncDispose]();
  await expect(added).rejects.toThrow('cannot lease');
  expect(await readdir(leaseDirectory(folder.path))).toEqual([]);
}, 8000);

test('a write of what never comes ends with the signal', async () => {
  await using folder = await scratch();
  const layout = await openLayout(folder.path);
  const stalled = () => new Readable({ read() {} });
  const signal = AbortSignal.timeout(50);
  await expect(layout.write(stalled(), { signal })).rejects.toMatchObject({ name: 'TimeoutError' });
  await expect(layout.write(stalled(), { signal: AbortSignal.abort(enough) })).rejects.toBe(enough);
  expect(await readdir(ingestDirectory(layout.directory))).toEqual([]);
}, 5000);
