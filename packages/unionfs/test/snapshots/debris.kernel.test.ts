import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { guard, requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { mountOverlay } from '../../src/mount-overlay.ts';
import { openStore, scratchOfStore, unfinished } from './suite/stores.ts';

guard();

requires({ on: ['host', 'uml'] })('a directory in the place of a snapshot that has no note', () => {
  const makeDebris = (directory: string) => mkdirSync(`${directory}/snapshots/mine/upper/d`, { recursive: true });

  it('is no snapshot, and keeps no other from its place', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, 'directory');
    makeDebris(folder.path);
    expect(await store.snapshots()).toEqual([]);
    await expect(store.snapshot('mine')).rejects.toMatchObject({ code: 'SNAPSHOT_MISSING' });
    const snapshot = await store.prepare('mine');
    expect(readdirSync(snapshot.overlay.upper as string)).toEqual([]);
    await expect(store.prepare('mine')).rejects.toMatchObject({ code: 'SNAPSHOT_EXISTS' });
    expect(unfinished(folder.path)).toEqual([]);
  });

  it.each(['prune', 'open'])('is removed by %s, which leaves snapshots alone', async (method) => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, 'directory');
    await store.prepare('other');
    makeDebris(folder.path);
    await (method === 'prune' ? store.prune({ keep: [] }) : openStore(folder.path, 'directory'));
    expect(readdirSync(folder.join('snapshots'))).toEqual(['other']);
    expect(unfinished(folder.path)).toEqual([]);
  });
});

requires({ on: ['host', 'uml'], root: true, overlay: true })('a snapshot that was removed', () => {
  it('cannot be mounted, and does not come back', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.join('store'), 'directory');
    const snapshot = await store.prepare('mine');
    await (await store.snapshot('mine')).remove();
    await expect(mountOverlay({ ...snapshot.overlay, target: folder.join('merged') })).rejects.toMatchObject({
      code: 'OVERLAY_UNSUPPORTED',
      message: `cannot mount an overlay on ${folder.join('merged')}: there is no directory ${folder.join('store/snapshots/mine')} to hold upper; make it first, or, if it was that of a snapshot, which has been removed, prepare another`,
    });
    await expect(snapshot.mount(folder.join('merged'))).rejects.toMatchObject({ code: 'SNAPSHOT_MISSING' });
    expect(existsSync(folder.join('merged'))).toBe(false);
    expect(readdirSync(folder.join('store/snapshots'))).toEqual([]);
  });

  it('but for its directories, which are mounted, keeps them', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.join('store'), 'directory');
    const snapshot = await store.prepare('mine');
    await using merged = await snapshot.mount(folder.join('merged'));
    rmSync(folder.join('store/snapshots/mine/snapshot.json'));
    await store.prune({ keep: [] });
    await expect(store.prepare('mine')).rejects.toMatchObject({ code: 'SNAPSHOT_EXISTS' });
    writeFileSync(`${merged.path}/written`, '');
    await merged.unmount();
    await store.prune({ keep: [] });
    expect(readdirSync(folder.join('store/snapshots'))).toEqual([]);
  });
});
