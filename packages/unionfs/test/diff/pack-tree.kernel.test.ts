/** A tree as an archive, and what others make of it. */
import { lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { guard, requires, scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { packTree } from '../../src/diff/pack-tree.ts';
import type { PackOptions } from '../../src/diff/packer.ts';
import { applyLayer } from '../../src/layer/apply-layer.ts';
import { collect } from '../tar/collect.ts';
import { tree } from '../tree.ts';
import { everyKind } from './every-kind.ts';
import { makeTree } from './make-tree.ts';

guard();

requires({ on: ['host', 'uml'] })('a packed tree', () => {
  it('is unpacked to the same tree, whatever is in it', async () => {
    using folder = scratch('pack');
    makeTree(folder.join('source'), everyKind);
    mkdirSync(folder.join('copy'));
    const { skipped } = await applyLayer(packTree(folder.join('source')), folder.join('copy'));
    expect(skipped).toEqual([]);
    expect(tree(folder.join('copy'))).toEqual(tree(folder.join('source')));
  });

  it('is the same bytes each time, and lists names in the order of their bytes', async () => {
    using folder = scratch('pack');
    makeTree(folder.join('source'), everyKind);
    const archive = await packed(folder.join('source'));
    expect((await packed(folder.join('source'))).equals(archive)).toBe(true);
    const names = collect(archive).map(({ name }) => name);
    expect(names[0]?.toString()).toBe('./');
    const inRoot = names.slice(1).filter((name) => !name.subarray(0, -1).includes('/'));
    const plain = inRoot.map((name) => (name.at(-1) === 0x2f ? name.subarray(0, -1) : name));
    expect(plain).toEqual(plain.toSorted(Buffer.compare));
  });

  it('keeps holes, so that a large file that is nearly one takes hardly any room', async () => {
    using folder = scratch('pack');
    makeTree(folder.join('source'), [
      { path: 'disk', type: 'file', content: 'data', at: 2 ** 35, size: 2 ** 36 },
      { path: 'hole', type: 'file', size: 2 ** 40 },
    ]);
    const archive = await packed(folder.join('source'));
    expect(archive.length).toBeLessThan(100_000);
    mkdirSync(folder.join('copy'));
    await applyLayer(packTree(folder.join('source')), folder.join('copy'), { maxBytes: 2 ** 42 });
    for (const name of ['disk', 'hole']) {
      const [was, is] = ['source', 'copy'].map((side) => lstatSync(folder.join(`${side}/${name}`)));
      expect([is?.size, is?.blocks]).toEqual([was?.size, was?.blocks]);
    }
  });

  it('has no time later than it is told, and no parts of seconds if these are not wanted', async () => {
    using folder = scratch('pack');
    makeTree(folder.join('source'), [
      { path: 'a', type: 'file', time: [100, 7] },
      { path: 'b', type: 'file', time: [200, 7] },
      { path: 'c', type: 'file', time: [199, 999_999_999] },
    ]);
    const times = async (options: PackOptions) =>
      collect(await packed(folder.join('source'), options)).map(({ mtime }) => [mtime.seconds, mtime.nanoseconds]);
    expect(await times({ sourceDateEpoch: 200 })).toEqual([
      [200, 0],
      [100, 7],
      [200, 0],
      [199, 999_999_999],
    ]);
    expect((await times({ times: 'whole-seconds' })).slice(1)).toEqual([
      [100, 0],
      [200, 0],
      [199, 0],
    ]);
    process.env.SOURCE_DATE_EPOCH = '50';
    try {
      expect(await times({ sourceDateEpoch: 'environment' })).toEqual([
        [50, 0],
        [50, 0],
        [50, 0],
        [50, 0],
      ]);
      expect((await times({}))[2]).toEqual([200, 7]);
      process.env.SOURCE_DATE_EPOCH = 'soon';
      expect(() => packTree('/', { sourceDateEpoch: 'environment' })).toThrow('SOURCE_DATE_EPOCH=soon');
    } finally {
      delete process.env.SOURCE_DATE_EPOCH;
    }
  });

  it('lies below a prefix, its hard links too', async () => {
    using folder = scratch('pack');
    makeTree(folder.join('source'), [
      { path: 'a', type: 'file' },
      { path: 'b', type: 'hardlink', link: 'a' },
    ]);
    const entries = collect(await packed(folder.join('source'), { prefix: '/opt//app/' }));
    expect(entries.map(({ name, link }) => `${name} ${link}`)).toEqual([
      'opt/app/ ',
      'opt/app/a ',
      'opt/app/b opt/app/a',
    ]);
    expect(() => packTree('/', { prefix: '../x' })).toThrow('no entry may be there');
  });

  it('leaves sockets out, and says so', async () => {
    using folder = scratch('pack');
    mkdirSync(folder.join('source'));
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(folder.join('source/socket'), resolve));
    const skipped: string[] = [];
    const archive = await packed(folder.join('source'), { onSkipped: (what) => skipped.push(what) });
    await new Promise((resolve) => server.close(resolve));
    expect(collect(archive)).toHaveLength(1);
    expect(skipped).toEqual(['"socket": socket']);
  });

  it('is refused where a name would say that something is gone', async () => {
    using folder = scratch('pack');
    makeTree(folder.join('source'), [
      { path: 'dir', type: 'directory' },
      { path: 'dir/.wh.x', type: 'file' },
    ]);
    await expect(packed(folder.join('source'))).rejects.toMatchObject({
      code: 'TREE_UNSUPPORTED',
      entry: 'dir/.wh.x',
    });
  });

  it('is refused when a file changes while it is read', async () => {
    using folder = scratch('pack');
    makeTree(folder.join('source'), [{ path: 'log', type: 'file', content: Buffer.alloc(8 * 2 ** 20) }]);
    for (const change of [
      () => writeFileSync(folder.join('source/log'), 'short'),
      () => writeFileSync(folder.join('source/log'), 'more', { flag: 'a' }),
    ]) {
      const archive = packTree(folder.join('source'));
      await expect(
        (async () => {
          let isChanged = false;
          for await (const _ of archive) {
            if (!isChanged) change();
            isChanged = true;
          }
        })(),
      ).rejects.toMatchObject({ code: 'TREE_UNSUPPORTED', entry: 'log' });
      writeFileSync(folder.join('source/log'), Buffer.alloc(8 * 2 ** 20));
    }
  });

  it('is given up when it is aborted or destroyed, and leaves nothing open', async () => {
    using folder = scratch('pack');
    makeTree(folder.join('source'), [
      { path: 'a', type: 'directory' },
      { path: 'a/b', type: 'directory' },
      { path: 'a/b/large', type: 'file', content: Buffer.alloc(8 * 2 ** 20) },
    ]);
    const controller = new AbortController();
    const aborted = packTree(folder.join('source'), { signal: controller.signal });
    await expect(
      (async () => {
        for await (const _ of aborted) controller.abort(new Error('enough'));
      })(),
    ).rejects.toThrow('enough');
    for await (const _ of packTree(folder.join('source'))) break;
    // guard() counts descriptors at the end.
  });

  it('says which directory there is not, when it is read', async () => {
    await expect(packed('/no/such')).rejects.toMatchObject({ code: 'LAYER_REFUSED' });
  });
});

requires({ on: ['host', 'uml'], root: true })('a packed tree of root', () => {
  it('names owners as they are inside of the container that it was unpacked for', async () => {
    using folder = scratch('pack');
    const range = [{ inside: 0, outside: 100_000, count: 65_536 }];
    const owner = { uid: range, gid: range };
    const kept = everyKind.filter(({ owner: [uid = 0] = [] }) => uid < 65_536);
    makeTree(folder.join('source'), kept);
    for (const name of ['shifted', 'copy']) mkdirSync(folder.join(name));
    await applyLayer(packTree(folder.join('source')), folder.join('shifted'), { owner });
    expect(lstatSync(folder.join('shifted/tool')).uid).toBe(112_345);
    await applyLayer(packTree(folder.join('shifted'), { owner }), folder.join('copy'));
    expect(tree(folder.join('copy'))).toEqual(tree(folder.join('source')));
    await expect(packed(folder.join('source'), { owner })).rejects.toMatchObject({ code: 'TREE_UNSUPPORTED' });
  });

  it('is refused where overlayfs says that something is gone', async () => {
    using folder = scratch('pack');
    makeTree(folder.join('source'), [{ path: 'gone', type: 'character', device: [0, 0] }]);
    await expect(packed(folder.join('source'))).rejects.toMatchObject({ code: 'TREE_UNSUPPORTED', entry: 'gone' });
  });
});

function packed(directory: string, options: PackOptions = {}): Promise<Buffer> {
  return buffer(packTree(directory, options) as Readable);
}
