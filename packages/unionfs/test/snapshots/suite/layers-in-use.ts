/** What holds of layers that an overlay shows, whoever mounted it, when no note of the store says so; however they are stored. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { perform } from '@estiba/syscalls';
import { expect, it } from 'vitest';
import { mountBind } from '../../../src/mount-bind.ts';
import { mountOverlay } from '../../../src/mount-overlay.ts';
import { namespaceOf } from '../../../src/mounts/id-map-namespace.ts';
import { layerName } from '../../../src/snapshots/names.ts';
import type { SnapshotStore } from '../../../src/snapshots/snapshot-store.ts';
import { overlay } from '../../../src/steps/overlay.ts';
import { type Backend, base, change, openStore, scratchOfStore } from './stores.ts';

export function layersInUse(backend: Backend): void {
  it('stay when the note of the snapshot that is mounted is removed, until it is unmounted', async () => {
    using folder = scratchOfStore();
    const store = await storeIn(folder.join('store'), backend);
    const mine = await store.prepare('mine', { parent: 'sha256:two' });
    {
      await using merged = await mine.mount(folder.join('merged'));
      rmSync(folder.join('store/snapshots/mine/snapshot.json'));
      await expectToStay(store, merged.path);
      expect(readFileSync(`${merged.path}/etc/b`, 'utf8')).toBe('changed');
    }
    expect((await store.prune({ keep: [] })).removed.sort()).toEqual(['sha256:one', 'sha256:two']);
  });

  it('stay below an overlay that is not of the snapshot, which is removed', async () => {
    using folder = scratchOfStore();
    const store = await storeIn(folder.join('store'), backend);
    const mine = await store.prepare('mine', { parent: 'sha256:two' });
    const own = { upper: folder.join('u'), work: folder.join('w'), target: folder.join('merged') };
    {
      await using merged = await mountOverlay({ lower: mine.overlay.lower, ...own });
      await mine.remove();
      await expectToStay(store, merged.path);
      expect(readFileSync(`${merged.path}/etc/b`, 'utf8')).toBe('changed');
    }
    await store.remove('sha256:two');
    expect((await store.prune({ keep: [] })).removed).toEqual(['sha256:one']);
  });

  it('stay when their notes are removed and they are committed anew', async () => {
    using folder = scratchOfStore();
    const store = await storeIn(folder.join('store'), backend);
    const mine = await store.prepare('mine', { parent: 'sha256:two' });
    await using merged = await mine.mount(folder.join('merged'));
    const place = folder.join('store/layers', layerName('sha256:two'));
    rmSync(`${place}/layer.json`);
    await expect(store.commit('sha256:two', change(), { parent: 'sha256:one' })).rejects.toMatchObject({
      code: 'STORE_DAMAGED',
      message: `cannot commit sha256:two: its place is taken by what is no layer of that id; unmount ${merged.path}, and remove ${place}`,
    });
    expect(readFileSync(`${merged.path}/etc/b`, 'utf8')).toBe('changed');
    await merged.unmount();
    await store.commit('sha256:two', change(), { parent: 'sha256:one' });
  });

  it('stay while the directory that many were made one of is shown', async () => {
    using folder = scratchOfStore();
    const store = await storeIn(folder.join('store'), backend);
    const flat = folder.join('store/layers', layerName('sha256:two'), 'flat');
    for (const path of [flat, folder.join('empty')]) mkdirSync(path);
    await using merged = await mountOverlay({ lower: [flat, folder.join('empty')], target: folder.join('merged') });
    await expectToStay(store, merged.path);
  });
}

/** For the form in which a layer is a directory of the file system of the store. An image stays when its file is removed. */
export function boundElsewhere(): void {
  it('stay below one that another made of other paths to them, and so do those that they stand on', async () => {
    using folder = scratchOfStore();
    const store = await storeIn(folder.join('store'), 'directory');
    const mine = await store.prepare('mine', { parent: 'sha256:two' });
    await using bound = await mountBind(folder.join('store'), folder.join('bound'));
    for (const path of ['empty', 'merged']) mkdirSync(folder.join(path));
    const [top = ''] = mine.overlay.lower.map((path) => path.replace(folder.join('store'), bound.path));
    perform(overlay({ lower: [top, folder.join('empty')], target: folder.join('merged') }));
    await mine.remove();
    expect((await store.prune({ keep: [] })).removed).toEqual([]);
    await expect(store.remove('sha256:two')).rejects.toThrow(`is mounted on ${folder.join('merged')}`);
  });

  it('stay below one that only another mount namespace has', async () => {
    using folder = scratchOfStore();
    const store = await storeIn(folder.join('store'), 'directory');
    const mine = await store.prepare('mine', { parent: 'sha256:two' });
    for (const path of ['empty', 'merged', 'theirs']) mkdirSync(folder.join(path));
    const [top = ''] = mine.overlay.lower.map((path) => path.replace(folder.join('store'), folder.join('theirs')));
    const script = `mount --bind "$0/store" "$0/theirs" && mount -t overlay -o lowerdir=${top}:$0/empty overlay "$0/merged" && echo ready && read _`;
    const args = ['--mount', 'sh', '-c', script, folder.path];
    const other = spawn('unshare', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const closed = new Promise((resolve) => other.on('close', resolve));
    try {
      await Promise.race([new Promise((resolve) => other.stdout.once('data', resolve)), closed]);
      await mine.remove();
      expect((await store.prune({ keep: [] })).removed).toEqual([]);
      await expect(store.remove('sha256:two')).rejects.toThrow(`in the mount namespace of process ${other.pid}`);
    } finally {
      other.stdin.end();
      await closed;
    }
    expect((await store.prune({ keep: [] })).removed.sort()).toEqual(['sha256:one', 'sha256:two']);
  });

  it('stay while one is bound to another place, as an overlay of it alone is', async () => {
    using folder = scratchOfStore();
    const store = await storeIn(folder.join('store'), 'directory');
    const content = folder.join('store/layers', layerName('sha256:two'), 'fs');
    await using merged = await mountOverlay({ lower: [content], target: folder.join('merged') });
    await expectToStay(store, merged.path);
  });
}

/** What is mounted by an id map does not tell its layers. */
export function mappedLayers(): void {
  const ids = [{ inside: 0, outside: 100_000, count: 65_536 }];
  const options = { parent: 'sha256:two', idmap: { uid: ids, gid: ids } };

  it.each(['prepare', 'view'] as const)(
    'stay, all of them, while what %s made is, and its note is gone',
    async (make) => {
      using folder = scratchOfStore();
      const store = await storeIn(folder.join('store'), 'directory');
      const snapshot = await store[make]('mine', options);
      {
        await using merged = await snapshot.mount(folder.join('merged'));
        // Nobody is held up by what is known.
        await store.commit('sha256:other', base());
        expect((await store.prune({ keep: [] })).removed).toEqual(['sha256:other']);
        rmSync(folder.join('store/snapshots/mine/snapshot.json'));
        await expectToStay(store, merged.path);
      }
      expect((await store.prune({ keep: [] })).removed.sort()).toEqual(['sha256:one', 'sha256:two']);
    },
  );

  it('are not kept for what others show by one', async () => {
    using folder = scratchOfStore();
    const [store, other] = (await Promise.all(
      ['store', 'other'].map((name) => storeIn(folder.join(name), 'directory')),
    )) as [SnapshotStore, SnapshotStore];
    await using _theirs = await (await other.prepare('mine', options)).mount(folder.join('theirs'));
    const own = { upper: folder.join('u'), work: folder.join('w'), passage: folder.join('p') };
    for (const path of ['p', 'lower']) mkdirSync(folder.join(path));
    using lowerIdmap = await namespaceOf(options.idmap);
    const lower = [folder.join('lower')];
    await using _own = await mountOverlay({ lower, lowerIdmap, ...own, target: folder.join('merged') });
    expect((await store.prune({ keep: [] })).removed.sort()).toEqual(['sha256:one', 'sha256:two']);
  });
}

async function storeIn(directory: string, backend: Backend): Promise<SnapshotStore> {
  const store = await openStore(directory, backend);
  await store.commit('sha256:one', base());
  await store.commit('sha256:two', change(), { parent: 'sha256:one' });
  return store;
}

/** Both of them, whatever is asked for. */
async function expectToStay(store: SnapshotStore, target: string): Promise<void> {
  expect((await store.prune({ keep: [] })).removed).toEqual([]);
  await expect(store.remove('sha256:two')).rejects.toMatchObject({
    code: 'LAYER_BUSY',
    message: expect.stringContaining(`is mounted on ${target}`),
  });
  expect((await store.layers()).map(({ chainId }) => chainId)).toEqual(['sha256:one', 'sha256:two']);
}
