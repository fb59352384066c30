/** What holds of removing, however layers are stored. */
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import {
  type Backend,
  base,
  change,
  openStore,
  otherProcess,
  scratchOfStore,
  slowLayer,
  unfinished,
} from './stores.ts';

export function removing(backend: Backend): void {
  it('prunes layers that nothing stands on, and says what that freed', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, backend);
    await store.commit('sha256:one', base());
    await store.commit('sha256:two', change(), { parent: 'sha256:one' });
    await store.commit('sha256:three', layer({ name: 'x', content: 'y'.repeat(100_000) }), { parent: 'sha256:one' });
    await store.commit('sha256:four', layer({ name: 'z' }));
    const snapshot = await store.prepare('mine', { parent: 'sha256:two' });
    const { removed, bytes } = await store.prune({ keep: ['sha256:four'] });
    expect(removed).toEqual(['sha256:three']);
    expect(bytes).toBeGreaterThanOrEqual(100_000);
    await snapshot.remove();
    expect((await store.prune({ keep: [] })).removed.sort()).toEqual(['sha256:four', 'sha256:one', 'sha256:two']);
    expect([...readdirSync(folder.join('layers')), ...unfinished(folder.path)]).toEqual([]);
  });

  it('is told how large a layer may become', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, backend);
    const large = () => layer({ name: 'x', content: 'y'.repeat(100_000) });
    for (const limits of [{ maxBytes: 99_999 }, { maxEntries: 0 }]) {
      await expect(store.commit('sha256:one', large(), limits)).rejects.toMatchObject({ code: 'LAYER_TOO_LARGE' });
    }
    await store.commit('sha256:one', large(), { maxBytes: 100_000, maxEntries: 1 });
    expect(await store.has('sha256:one')).toBe(true);
  });

  it('removes one layer, if nothing stands on it', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, backend);
    await store.commit('sha256:one', base());
    await store.commit('sha256:two', change(), { parent: 'sha256:one' });
    const snapshot = await store.prepare('mine', { parent: 'sha256:two' });
    const busy = (why: string) => ({ code: 'LAYER_BUSY', message: expect.stringContaining(why) });
    await expect(store.remove('sha256:two')).rejects.toMatchObject(busy('the snapshot mine stands on it'));
    await expect(store.remove('sha256:one')).rejects.toMatchObject(busy('the layer sha256:two stands on it'));
    await expect(store.remove('sha256:none')).rejects.toMatchObject({ code: 'LAYER_MISSING' });
    const slow = slowLayer();
    const commit = store.commit('sha256:three', slow.layer, { parent: 'sha256:two' });
    await slow.reading;
    await snapshot.remove();
    await expect(store.remove('sha256:two')).rejects.toMatchObject(busy('the layer sha256:three is being made'));
    slow.finish();
    await commit;
    expect((await store.remove('sha256:three')).bytes).toBeGreaterThan(0);
    await store.remove('sha256:two');
    expect((await store.layers()).map(({ chainId }) => chainId)).toEqual(['sha256:one']);
    expect(unfinished(folder.path)).toEqual([]);
  });

  it('keeps what another process makes a layer on, and prunes it when that process is killed', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, backend);
    await store.commit('sha256:one', base());
    const script = `const { layer: slow, reading } = slowLayer();
      store.commit('sha256:two', slow, { parent: 'sha256:one' }); await reading; console.log('reading'); await told();`;
    const other = otherProcess(folder.path, backend, script);
    try {
      expect(await other.said()).toBe('reading');
      expect((await store.prune({ keep: [] })).removed).toEqual([]);
    } finally {
      await other.kill();
    }
    expect((await store.prune({ keep: [] })).removed).toEqual(['sha256:one']);
    expect([...readdirSync(folder.join('layers')), ...unfinished(folder.path)]).toEqual([]);
  });

  it('lets those be who are still at work', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, backend);
    const slow = slowLayer();
    const commit = store.commit('sha256:one', slow.layer);
    await slow.reading;
    await (await openStore(folder.path, backend)).prune({ keep: [] });
    slow.finish();
    await commit;
    expect(await store.has('sha256:one')).toBe(true);
  });

  it('leaves no snapshot on nothing, when it is prepared while another store prunes', async () => {
    using folder = scratchOfStore();
    const [store, other] = [await openStore(folder.path, backend), await openStore(folder.path, backend)];
    for (let round = 0; round < 12; round++) {
      await store.commit('sha256:one', layer({ name: 'x' }));
      const prepared = sleep(round % 4).then(() => store.prepare('mine', { parent: 'sha256:one' }));
      const [snapshot] = await Promise.allSettled([prepared, other.prune({ keep: [] })]);
      if (snapshot.status === 'rejected') expect(snapshot.reason).toMatchObject({ code: 'LAYER_MISSING' });
      for (const name of await store.snapshots()) await (await store.snapshot(name)).remove();
    }
  });

  it.each([
    ['that are not ASCII', 'tür/größe/', 'tür/größe/x'],
    ['that are not UTF-8', Buffer.from('ff2ffe2f', 'hex'), Buffer.from('ff2ffe2ffd', 'hex')],
  ])('prunes layers with names %s, from a store with such a name', async (_, directory, file) => {
    using folder = scratchOfStore();
    const store = await openStore(folder.join('größe'), backend);
    await store.commit('sha256:one', layer({ name: directory, type: '5' }, { name: file, content: 'x'.repeat(5000) }));
    const { removed, bytes } = await store.prune({ keep: [] });
    expect(removed).toEqual(['sha256:one']);
    expect(bytes).toBeGreaterThanOrEqual(5000);
    expect([...readdirSync(folder.join('größe/layers')), ...unfinished(folder.join('größe'))]).toEqual([]);
  });

  it('counts a file of several names once', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, backend);
    const entries = [
      { name: 'x', content: 'y'.repeat(1_000_000) },
      { name: 'z', type: '1', link: 'x' },
    ];
    await store.commit('sha256:one', layer(...entries));
    const { bytes } = await store.prune({ keep: [] });
    expect(bytes).toBeGreaterThanOrEqual(1_000_000);
    expect(bytes).toBeLessThan(1_500_000);
    expect((await store.prune({ keep: [] })).bytes).toBe(0);
  });
}
