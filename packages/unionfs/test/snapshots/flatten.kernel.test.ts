import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { guard, requires } from '@estiba/testkit';
import { layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { flatten } from '../../src/snapshots/flatten.ts';
import { flatOf, type Layer, Layers } from '../../src/snapshots/layers.ts';
import { layerName } from '../../src/snapshots/names.ts';
import { Places } from '../../src/snapshots/places.ts';
import type { SnapshotStore } from '../../src/snapshots/snapshot-store.ts';
import { Workplace } from '../../src/snapshots/workplace.ts';
import { mounting, shell } from '../mounting.ts';
import { type Backend, mountedOn, openStore, scratchOfStore, unfinished } from './suite/stores.ts';

guard();

requires({ on: ['host'], ...mounting, kernel: '6.8' })('a stack of directories higher than any overlay', () => {
  it('can be mounted all the same', { timeout: 60_000 }, () => expectToMount('directory', 503));
});

requires({ on: ['host'], root: true, overlay: true, kernel: '6.12' })(
  'a stack of images higher than any overlay',
  () => {
    it('can be mounted all the same', { timeout: 60_000 }, () => expectToMount('erofs', 503));
  },
);

requires({ on: ['uml'], ...mounting })('a stack whose paths are longer than a kernel takes', () => {
  // A page for all paths, before Linux 6.8.
  it('can be mounted all the same', { timeout: 120_000 }, () => expectToMount('directory', 24, 'd'.repeat(180)));
});

requires({ on: ['host'], root: true, overlay: true, kernel: '6.12' })('a flat form', () => {
  it.each(['directory', 'erofs'] as const)(
    'of layers stored as %s shows what was mounted before, where a layer contradicts itself',
    async (backend) => {
      using folder = scratchOfStore();
      const store = await openStore(folder.join('store'), backend);
      await store.commit('sha256:one', layer({ name: 'd/', type: '5' }, { name: 'd/old' }));
      const again = layer({ name: 'd', content: 'file' }, { name: 'd/', type: '5' }, { name: 'd/new' });
      await store.commit('sha256:two', again, { parent: 'sha256:one' });
      const view = await store.view('look', { parent: 'sha256:two' });
      const shown = await shell(mountedOn(folder.join('merged'), view), `ls ${folder.join('merged/d')}`);
      const places = await Places.make(folder.join('store'));
      const layers = new Layers(places);
      const stack = await layers.stack('sha256:two');
      await flatten(stack, { places, layers, workplace: new Workplace(places.tmp), durable: false });
      expect(readdirSync(`${flatOf(stack[0] as Layer)}/d`)).toEqual(shown.split('\n').slice(0, -1));
    },
  );
});

async function expectToMount(backend: Backend, height: number, name = 'store'): Promise<void> {
  using folder = scratchOfStore();
  const store = await openStore(folder.join(name), backend);
  await commitAll(store, folder.join(name), 0, height);
  const top = `sha256:${height - 1}`;
  const snapshot = await store.prepare('mine', { parent: top });
  expect(snapshot.overlay.lower.length).toBeLessThan(height);
  const merged = folder.join('merged');
  const look = `cd ${merged}; ls | wc -l; cat last; stat -c %a . kept; test -e first || echo hidden; stat -c %h kept/b`;
  const expected = `${height}\n${height - 1}711\n750\nhidden\n2\n`;
  expect(await shell(mountedOn(merged, snapshot), look)).toBe(expected);
  // The next one that is higher finds the lower part as it is.
  const flat = () =>
    readdirSync(folder.join(name, 'layers')).filter((id) => existsSync(folder.join(name, 'layers', id, 'flat')));
  expect(flat()).toHaveLength(1);
  await commitAll(store, folder.join(name), height, height + 1);
  const higher = await store.view('higher', { parent: `sha256:${height}` });
  expect(flat()).toHaveLength(1);
  const again = `cd ${merged}; ls | wc -l; cat last`;
  expect(await shell(mountedOn(merged, higher), again)).toBe(`${height + 1}\n${height}`);
  expect((await store.usage(`sha256:${height}`)).inodes).toBeLessThan(5);
  await snapshot.remove();
  await higher.remove();
  expect((await store.prune({ keep: [] })).removed).toHaveLength(height + 1);
  expect([...readdirSync(folder.join(name, 'layers')), ...unfinished(folder.join(name))]).toEqual([]);
}

/**
 * Each with a file of its own and the latest of a common one; the second hides something of the first. The others lean on
 * nothing, so that they need not be looked up in all below: they are put on each other afterwards.
 */
async function commitAll(store: SnapshotStore, directory: string, from: number, to: number): Promise<void> {
  const root = { name: './', type: '5', mode: 0o711 };
  for (let at = from; at < to; at++) {
    const chainId = `sha256:${at}`;
    const first = [
      { name: 'first' },
      { name: 'kept/', type: '5', mode: 0o750 },
      { name: 'kept/a' },
      { name: 'kept/b', type: '1', link: 'kept/a' },
    ];
    const own = at === 0 ? first : at === 1 ? [{ name: '.wh.first' }] : [{ name: `file${at}` }];
    const entries = [root, ...own, { name: 'last', content: `${at}` }];
    await store.commit(chainId, layer(...entries), { parent: at === 1 ? 'sha256:0' : undefined });
    const note = join(directory, 'layers', layerName(chainId), 'layer.json');
    if (at > 1)
      writeFileSync(note, JSON.stringify({ ...JSON.parse(readFileSync(note, 'utf8')), parent: `sha256:${at - 1}` }));
  }
}
