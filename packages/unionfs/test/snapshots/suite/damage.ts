/** What holds of a store in which something is that the store would not have left there, however layers are stored. */
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { layerName } from '../../../src/snapshots/names.ts';
import { type Backend, base, change, mountedBelow, openStore, scratchOfStore, unfinished } from './stores.ts';

export function damage(backend: Backend): void {
  it('takes a layer in where something is that is none', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, backend);
    const place = folder.join('layers', layerName('sha256:one'));
    mkdirSync(`${place}/fs/x`, { recursive: true });
    await store.commit('sha256:one', base());
    expect(await store.has('sha256:one')).toBe(true);
    expect(unfinished(folder.path)).toEqual([]);
  });

  it('is not done with a commit whose place another layer has', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, backend);
    await store.commit('sha256:one', base());
    const [one, two] = ['sha256:one', 'sha256:two'].map((id) => folder.join('layers', layerName(id)));
    renameSync(one as string, two as string);
    await expect(store.commit('sha256:two', base())).rejects.toMatchObject({
      code: 'STORE_DAMAGED',
      message: expect.stringContaining(`remove ${two}`),
    });
    expect(unfinished(folder.path)).toEqual([]);
  });

  it('prunes and removes a layer whose note cannot be read, if nothing stands on it', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, backend);
    for (const id of ['sha256:one', 'sha256:two', 'sha256:three']) await store.commit(id, base());
    for (const id of ['sha256:one', 'sha256:two']) spoil(folder.path, id);
    expect((await store.layers()).map(({ chainId }) => chainId)).toEqual(['sha256:three']);
    const damaged = {
      code: 'STORE_DAMAGED',
      message: expect.stringContaining(`${layerName('sha256:one')}/layer.json`),
    };
    await expect(store.has('sha256:one')).rejects.toMatchObject(damaged);
    await expect(store.usage('sha256:one')).rejects.toMatchObject(damaged);
    expect((await store.prune({ keep: ['sha256:one', 'sha256:three'] })).removed).toEqual([]);
    expect(readdirSync(folder.join('layers')).sort()).toEqual(['sha256:one', 'sha256:three'].map(layerName).sort());
    expect((await store.remove('sha256:one')).bytes).toBeGreaterThan(0);
    await store.commit('sha256:one', base());
    expect(await store.has('sha256:one')).toBe(true);
    expect(unfinished(folder.path)).toEqual([]);
  });

  it('takes nothing away while a snapshot stands on a layer whose note cannot be read, and says which', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, backend);
    await store.commit('sha256:one', base());
    await store.commit('sha256:two', change(), { parent: 'sha256:one' });
    await store.commit('sha256:three', layer({ name: 'x' }), { parent: 'sha256:two' });
    const snapshot = await store.prepare('mine', { parent: 'sha256:three' });
    spoil(folder.path, 'sha256:two');
    const damaged = {
      code: 'STORE_DAMAGED',
      message: expect.stringContaining(`${layerName('sha256:two')}/layer.json`),
    };
    await expect(store.prune({ keep: [] })).rejects.toMatchObject(damaged);
    await expect(store.remove('sha256:one')).rejects.toMatchObject(damaged);
    expect(readdirSync(folder.join('layers'))).toHaveLength(3);
    await snapshot.remove();
    expect((await store.prune({ keep: [] })).removed.sort()).toEqual(['sha256:one', 'sha256:three']);
    expect([...readdirSync(folder.join('layers')), ...unfinished(folder.path)]).toEqual([]);
  });

  it('removes no layer while the note of a snapshot cannot be read, says which, and does all the rest', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, backend);
    for (const id of ['sha256:one', 'sha256:two']) await store.commit(id, base());
    const [whole] = [
      await store.prepare('whole', { parent: 'sha256:one' }),
      await store.prepare('bad', { parent: 'sha256:two' }),
    ];
    const note = folder.join('snapshots/bad/snapshot.json');
    writeFileSync(note, '{"vers');
    mkdirSync(folder.join('snapshots/debris/upper'), { recursive: true });
    mkdirSync(folder.join('tmp/w-left'));
    expect(await store.prune({ keep: [] })).toMatchObject({ removed: [], damaged: ['bad'] });
    expect(readdirSync(folder.join('snapshots')).sort()).toEqual(['bad', 'whole']);
    expect(unfinished(folder.path)).toEqual([]);
    await whole.remove();
    // What it stood on may be what the other stands on.
    expect(mountedBelow(folder.path)).toHaveLength(backend === 'erofs' ? 2 : 0);
    expect(await store.prune({ keep: [] })).toMatchObject({ removed: [], damaged: ['bad'] });
    await expect(store.remove('sha256:one')).rejects.toMatchObject({
      code: 'STORE_DAMAGED',
      message: `cannot read ${note}: it is not what this version of the store writes; to give up the snapshot remove that file, and prune takes the rest`,
    });
    rmSync(note);
    const { removed, damaged } = await store.prune({ keep: [] });
    expect([removed.sort(), damaged]).toEqual([['sha256:one', 'sha256:two'], []]);
    expect([...readdirSync(folder.join('snapshots')), ...mountedBelow(folder.path)]).toEqual([]);
  });
}

/** As a power cut may leave it. */
function spoil(directory: string, chainId: string): void {
  writeFileSync(`${directory}/layers/${layerName(chainId)}/layer.json`, '');
}
