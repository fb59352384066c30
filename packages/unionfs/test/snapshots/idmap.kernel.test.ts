/** Layers that are shown to a user namespace by an id map, while they stay as they are. */
import { chmodSync, chownSync, lstatSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { guard, requires } from '@estiba/testkit';
import { layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { SnapshotStore } from '../../src/snapshots/snapshot-store.ts';
import { entriesOf } from '../diff/entries.ts';
import { type Backend, mountedBelow, openStore, scratchOfStore } from './suite/stores.ts';

guard();

const ids = { inside: 0, outside: 100_000, count: 65_536 };
const idmap = { uid: [ids], gid: [{ ...ids, outside: 200_000 }] };

async function storeIn(directory: string, backend: Backend): Promise<SnapshotStore> {
  const store = await openStore(directory, backend);
  await store.commit('sha256:one', layer({ name: 'file', uid: 1000, gid: 1001, content: 'x' }, { name: 'same' }));
  await store.commit('sha256:two', layer({ name: 'dir/', type: '5', uid: 7, gid: 8 }), { parent: 'sha256:one' });
  return store;
}

function showing(backend: Backend): void {
  it('shows the layers as of others, which stay whose they are', async () => {
    using folder = scratchOfStore();
    const store = await storeIn(folder.join('store'), backend);
    const mapped = await store.prepare('mapped', { parent: 'sha256:two', idmap });
    const plain = await store.prepare('plain', { parent: 'sha256:two' });
    await using merged = await mapped.mount(folder.join('merged'));
    await using beside = await plain.mount(folder.join('beside'));
    expect(owners(merged.path)).toEqual(['100000:200000', '101000:201001', '100007:200008']);
    expect(owners(beside.path)).toEqual(['0:0', '1000:1001', '7:8']);
  });

  it('takes what is written from those that the map names, and gives it back as the layer has it', async () => {
    using folder = scratchOfStore();
    const store = await storeIn(folder.join('store'), backend);
    await store.prepare('mapped', { parent: 'sha256:two', idmap });
    const snapshot = await store.snapshot('mapped');
    expect(snapshot.idmap).toEqual(idmap);
    {
      await using merged = await snapshot.mount(folder.join('merged'));
      writeFileSync(`${merged.path}/file`, 'changed');
      writeFileSync(`${merged.path}/dir/new`, '');
      chownSync(`${merged.path}/dir/new`, 101_002, 201_002);
      // Copied up, and the same as before.
      chmodSync(`${merged.path}/same`, 0o644);
    }
    const upper = snapshot.overlay.upper as string;
    expect(statSync(`${upper}/file`)).toMatchObject({ uid: 101_000, gid: 201_001 });
    const entries = await entriesOf(snapshot.diff({ dropEqual: true }));
    const seen = entries.map(({ name, uid, gid }) => `${name} ${uid}:${gid}`);
    expect(seen).toEqual(['./ 0:0', 'dir/ 7:8', 'dir/new 1002:1002', 'file 1000:1001']);
  });

  it('shows the same in a view, which is known to be mounted', async () => {
    using folder = scratchOfStore();
    const store = await storeIn(folder.join('store'), backend);
    const view = await store.view('look', { parent: 'sha256:two', idmap });
    {
      await using merged = await view.mount(folder.join('merged'));
      expect(owners(merged.path)).toEqual(['100000:200000', '101000:201001', '100007:200008']);
      await expect(view.remove()).rejects.toMatchObject({ code: 'SNAPSHOT_BUSY' });
    }
    await view.remove();
    expect(mountedBelow(folder.path)).toEqual([]);
  });

  it('has nothing but the root that stands on nothing', async () => {
    using folder = scratchOfStore();
    const store = await storeIn(folder.join('store'), backend);
    const snapshot = await store.prepare('mapped', { idmap });
    await using merged = await snapshot.mount(folder.join('merged'));
    expect(readdirSync(merged.path)).toEqual([]);
    expect(lstatSync(merged.path)).toMatchObject({ uid: 100_000, gid: 200_000 });
  });
}

requires({ on: ['host', 'uml'], root: true, overlay: true, kernel: '5.19' })('an id map over directories', () => {
  showing('directory');

  it('is refused where owners are shifted already', async () => {
    using folder = scratchOfStore();
    const store = await SnapshotStore.open(folder.path, { backend: 'directory', owner: idmap });
    await expect(store.prepare('mapped', { idmap })).rejects.toMatchObject({
      code: 'NAME_INVALID',
      message: expect.stringContaining('with an id map: the owners of the layers in this store are shifted already'),
    });
    expect(await store.snapshots()).toEqual([]);
  });

  it('that is none is refused', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, 'directory');
    const prepared = store.prepare('mapped', { idmap: { uid: [], gid: [] } });
    await expect(prepared).rejects.toMatchObject({ code: 'NAME_INVALID' });
  });
});

requires({ on: ['host'], root: true, overlay: true, kernel: '6.15' })('an id map over images', () => {
  showing('erofs');
});

function owners(root: string): string[] {
  const paths = [root, `${root}/file`, `${root}/dir`];
  return paths.map((path) => lstatSync(path)).map(({ uid, gid }) => `${uid}:${gid}`);
}
