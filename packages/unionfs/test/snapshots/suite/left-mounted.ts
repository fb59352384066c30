/** What holds of snapshots that a killed process has left mounted, however layers are stored. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Fd, perform } from '@estiba/syscalls';
import { expect, it } from 'vitest';
import { mountBind } from '../../../src/mount-bind.ts';
import { mountOverlay } from '../../../src/mount-overlay.ts';
import { overlay } from '../../../src/steps/overlay.ts';
import { type Backend, base, leaveBehind, mountedBelow, openStore, otherProcess, scratchOfStore } from './stores.ts';

/** Has `mine` mounted at one place, and a view of the same layer at another; and is killed, or waits. */
export const mounting = `
  const { mountOverlay } = await import(process.cwd() + '/packages/unionfs/src/mount-overlay.ts');
  const folder = process.argv[1].replace(/.store$/, '');
  await (await store.prepare('mine', { parent: 'sha256:one' })).mount(folder + '/merged');
  const look = await store.view('look', { parent: 'sha256:one' });
  await mountOverlay({ ...look.overlay, target: folder + '/seen' });
  console.log('mounted');
  await told();`;

export function leftMounted(backend: Backend): void {
  it('finds what a killed process has left mounted, and unmounts it when that is asked for', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.join('store'), backend);
    await store.commit('sha256:one', base());
    const other = otherProcess(folder.join('store'), backend, mounting);
    const [merged, seen] = [folder.join('merged'), folder.join('seen')];
    try {
      expect(await other.said()).toBe('mounted');
      // Never from under somebody who runs, nor does he show as one who has left it.
      expect(await store.prune({ keep: [], unmount: true })).toEqual({
        removed: [],
        bytes: expect.any(Number),
        mounted: [],
        unmounted: [],
        damaged: [],
      });
      expect(readFileSync(`${merged}/etc/a`, 'utf8') + readFileSync(`${seen}/etc/b`, 'utf8')).toBe('ab');
    } finally {
      await other.kill();
    }
    const mounted = [
      { target: merged, snapshot: 'mine', owner: 'ended' },
      { target: seen, snapshot: 'look', owner: 'ended' },
    ];
    const found = await store.prune({ keep: [] });
    expect(found.mounted.toSorted((a, b) => (a.target < b.target ? -1 : 1))).toEqual(mounted);
    expect(found.unmounted).toEqual([]);
    const mine = await store.snapshot('mine');
    const remedy = `it is mounted on ${merged} by a process that has ended; unmount it, or prune with unmount: true`;
    await expect(mine.remove()).rejects.toMatchObject({
      code: 'SNAPSHOT_BUSY',
      message: `cannot remove the snapshot mine: ${remedy}`,
    });
    await expect(mine.mount(folder.join('again'))).rejects.toThrow(remedy);
    const pruned = await store.prune({ keep: [], unmount: true });
    expect(pruned.mounted).toEqual([]);
    expect(pruned.unmounted.sort()).toEqual([merged, seen]);
    expect(pruned.removed).toEqual([]);
    for (const name of await store.snapshots()) await (await store.snapshot(name)).remove();
    expect((await store.prune({ keep: [] })).removed).toEqual(['sha256:one']);
    expect(mountedBelow(folder.path)).toEqual([]);
  });

  it('leaves what somebody uses, and what was bound elsewhere, though who mounted it has ended', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.join('store'), backend);
    await store.commit('sha256:one', base());
    await leaveBehind(folder.join('store'), backend, mounting);
    const [merged, seen] = [folder.join('merged'), folder.join('seen')];
    {
      await using bound = await mountBind(merged, folder.join('bound'));
      using _used = Fd.open(`${seen}/etc/a`);
      const { mounted, unmounted } = await store.prune({ keep: [], unmount: true });
      expect(unmounted).toEqual([merged]);
      expect(mounted.toSorted((a, b) => (a.target < b.target ? -1 : 1))).toEqual([
        { target: bound.path, snapshot: 'mine', owner: 'unknown' },
        { target: seen, snapshot: 'look', owner: 'ended' },
      ]);
      expect(readFileSync(`${bound.path}/etc/a`, 'utf8')).toBe('a');
    }
    // Nobody knows which of the two is whose.
    {
      await using _same = await mountBind(seen, seen);
      const { mounted, unmounted } = await store.prune({ keep: [], unmount: true });
      expect([mounted.map(({ owner }) => owner), unmounted]).toEqual([['unknown', 'unknown'], []]);
    }
    // What lies on top of it is not taken for it.
    await using top = await mountBind(folder.join('store'), seen);
    expect((await store.prune({ keep: [], unmount: true })).unmounted).toEqual([]);
    await top.unmount();
    expect(await store.prune({ keep: [], unmount: true })).toMatchObject({ mounted: [], unmounted: [seen] });
  });

  it('tells of overlays with its layers that it knows nothing of, and leaves them', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.join('store'), backend);
    await store.commit('sha256:one', base());
    const mine = await store.prepare('mine', { parent: 'sha256:one' });
    for (const path of ['steps', 'own']) mkdirSync(folder.join(path));
    perform(overlay({ ...mine.overlay, target: folder.join('steps') }));
    const own = { upper: folder.join('own/upper'), work: folder.join('own/work') };
    for (const path of Object.values(own)) mkdirSync(path);
    perform(overlay({ lower: mine.overlay.lower, ...own, target: folder.join('other') }));
    await using ours = await mountOverlay({
      lower: mine.overlay.lower,
      upper: folder.join('u'),
      work: folder.join('w'),
      target: folder.join('ours'),
    });
    const { mounted, unmounted } = await store.prune({ keep: [], unmount: true });
    expect(mounted.toSorted((a, b) => (a.target < b.target ? -1 : 1))).toEqual([
      { target: folder.join('other'), snapshot: undefined, owner: 'unknown' },
      { target: folder.join('steps'), snapshot: 'mine', owner: 'unknown' },
    ]);
    expect(unmounted).toEqual([]);
    expect(readFileSync(`${ours.path}/etc/a`, 'utf8')).toBe('a');
  });

  it('clears away a snapshot whose note is gone, once what was left of it is unmounted', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.join('store'), backend);
    await store.commit('sha256:one', base());
    await leaveBehind(folder.join('store'), backend, mounting);
    writeFileSync(folder.join('merged/written'), '');
    for (const name of ['mine', 'look']) rmSync(folder.join('store/snapshots', name, 'snapshot.json'));
    await store.prune({ keep: ['sha256:one'], unmount: true });
    await store.prepare('mine', { parent: 'sha256:one' });
    expect(await store.snapshots()).toEqual(['mine']);
    await (await store.snapshot('mine')).remove();
  });
}
