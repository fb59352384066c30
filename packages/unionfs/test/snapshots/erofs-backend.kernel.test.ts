import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import { perform, umount } from '@estiba/syscalls';
import { guard, requires } from '@estiba/testkit';
import { archive, layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { shell, trees } from '../mounting.ts';
import { pax10 } from '../tar/sparse-archive.ts';
import { committing } from './suite/committing.ts';
import { damage } from './suite/damage.ts';
import { removing } from './suite/removing.ts';
import { standingOnLayers } from './suite/standing-on-layers.ts';
import {
  base,
  change,
  leaveBehind,
  mountedBelow,
  mountedOn,
  openStore,
  otherProcess,
  scratchOfStore,
} from './suite/stores.ts';

guard();

requires({ on: ['host'], root: true, overlay: true, kernel: '6.12' })('a store of images', () => {
  committing('erofs');
  removing('erofs');
  damage('erofs');
});

requires({ on: ['host'], root: true, overlay: true, kernel: '6.12' })('a snapshot over images', () => {
  standingOnLayers('erofs');
});

requires({ on: ['host'], root: true, overlay: true, kernel: '6.12' })('an image in a store', () => {
  it('is one file, and gives back the bytes of the layer', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, 'erofs');
    const bytes = archive({ name: 'x', content: 'y'.repeat(3000) });
    await store.commit('sha256:one', Readable.from([bytes]));
    const [id = ''] = readdirSync(folder.join('layers'));
    expect(readdirSync(folder.join('layers', id)).sort()).toEqual(['fs', 'image', 'layer.json']);
    expect(readdirSync(folder.join('layers', id, 'fs'))).toEqual([]);
    expect(Buffer.concat(await (await store.export('sha256:one')).toArray()).equals(bytes)).toBe(true);
    await expect(store.export('sha256:none')).rejects.toMatchObject({ code: 'LAYER_MISSING' });
  });

  it('has no room for a layer of more than 2 TiB, which can be unpacked beside it', async () => {
    using folder = scratchOfStore();
    const size = 3 * 2 ** 40;
    const large = () => Readable.from([pax10({ name: 's', size, parts: [[size - 1, 1]], content: Buffer.from('x') })]);
    const store = await openStore(folder.path, 'erofs');
    await store.commit('sha256:one', base());
    await expect(store.commit('sha256:two', large(), { parent: 'sha256:one' })).rejects.toMatchObject({
      code: 'LAYER_REFUSED',
      message: expect.stringContaining("commit it to a store that was opened with backend: 'directory'"),
    });
    await (await openStore(folder.path, 'directory')).commit('sha256:two', large(), { parent: 'sha256:one' });
    const { overlay } = await store.view('look', { parent: 'sha256:two' });
    expect([statSync(`${overlay.lower[1]}/s`).size, readdirSync(`${overlay.lower[2]}/etc`)]).toEqual([
      size,
      ['a', 'b'],
    ]);
  });

  it('is not left mounted for a snapshot whose name is taken', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, 'erofs');
    for (const id of ['sha256:one', 'sha256:two']) await store.commit(id, layer({ name: id }));
    const snapshot = await store.prepare('mine', { parent: 'sha256:one' });
    expect(mountedBelow(folder.path)).toHaveLength(1);
    await expect(store.prepare('mine', { parent: 'sha256:two' })).rejects.toMatchObject({ code: 'SNAPSHOT_EXISTS' });
    expect(mountedBelow(folder.path)).toHaveLength(1);
    await snapshot.remove();
    expect(mountedBelow(folder.path)).toEqual([]);
  });

  it('is mounted once for all snapshots that stand on it, and as long as one does', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, 'erofs');
    await store.commit('sha256:one', base());
    await store.commit('sha256:two', change(), { parent: 'sha256:one' });
    await store.commit('sha256:other', layer({ name: 'x' }), { parent: 'sha256:one' });
    expect(mountedBelow(folder.path)).toEqual([]);
    const first = await store.prepare('first', { parent: 'sha256:two' });
    const second = await store.view('second', { parent: 'sha256:other' });
    expect(mountedBelow(folder.path)).toHaveLength(3);
    await first.remove();
    expect(mountedBelow(folder.path)).toHaveLength(2);
    await second.remove();
    expect(mountedBelow(folder.path)).toEqual([]);
  });

  it('is mounted again for a snapshot whose layers somebody has unmounted', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.join('store'), 'erofs');
    await store.commit('sha256:one', base());
    const snapshot = await store.prepare('mine', { parent: 'sha256:one' });
    const unmount = () => {
      for (const target of mountedBelow(folder.join('store'))) perform([umount(target)]);
    };
    unmount();
    {
      await using merged = await snapshot.mount(folder.join('merged'));
      expect(readdirSync(`${merged.path}/etc`)).toEqual(['a', 'b']);
      // Whose layers are mounted goes on without the place where they were.
      unmount();
      expect(readFileSync(`${merged.path}/etc/a`, 'utf8')).toBe('a');
    }
    const again = await store.snapshot('mine');
    expect(await shell(mountedOn(folder.join('merged'), again), `ls -A ${folder.join('merged')}/etc`)).toBe('a\nb\n');
  });

  it('is looked at from a commit where nobody sees it', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, 'erofs');
    await store.commit('sha256:one', base());
    await store.commit('sha256:two', layer({ name: 'h', type: '1', link: 'etc/a' }), { parent: 'sha256:one' });
    await store.commit('sha256:three', layer({ name: 'g', type: '1', link: 'h' }), { parent: 'sha256:two' });
    expect(mountedBelow(folder.path)).toEqual([]);
    await using view = await store.view('look', { parent: 'sha256:three' });
    await using merged = await view.mount(folder.join('merged'));
    expect(readFileSync(`${merged.path}/g`, 'utf8')).toBe('a');
  });

  it.each(['prune', 'open'])(
    'that a killed process left mounted is unmounted by the next %s, if no snapshot stands on it',
    async (method) => {
      using folder = scratchOfStore();
      const script = `await store.commit('sha256:one', layer({ name: 'x' }));
      await store.commit('sha256:two', layer({ name: 'y' }));
      await store.prepare('stays', { parent: 'sha256:one' });
      await store.prepare('goes', { parent: 'sha256:two' });
      console.log('mounted'); await told();`;
      const before = await openStore(folder.path, 'erofs');
      await leaveBehind(folder.path, 'erofs', script);
      expect(mountedBelow(folder.path)).toHaveLength(2);
      // As a process leaves it that is killed between the two steps of removing a snapshot.
      spawnSync('rm', ['-r', folder.join('snapshots/goes')]);
      if (method === 'prune') expect((await before.prune({ keep: ['sha256:two'] })).removed).toEqual([]);
      const store = method === 'prune' ? before : await openStore(folder.path, 'erofs');
      expect(mountedBelow(folder.path)).toHaveLength(1);
      expect((await store.layers()).map(({ chainId }) => chainId).sort()).toEqual(['sha256:one', 'sha256:two']);
      await (await store.snapshot('stays')).remove();
      expect(mountedBelow(folder.path)).toEqual([]);
    },
  );

  it('that another mount namespace has mounted can be removed, and is gone there too', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, 'erofs');
    await store.commit('sha256:one', base());
    const script = `const one = await store.prepare('theirs', { parent: 'sha256:one' });
      console.log('mounted'); await told();
      console.log((await import('node:fs')).existsSync(one.overlay.lower[0])); await told();`;
    const other = otherProcess(folder.path, 'erofs', script, {
      wrapper: ['unshare', '--mount', '--propagation', 'private'],
    });
    try {
      expect(await other.said()).toBe('mounted');
      expect(mountedBelow(folder.path)).toEqual([]);
      await (await store.snapshot('theirs')).remove();
      expect((await store.prune({ keep: [] })).removed).toEqual(['sha256:one']);
      other.tell('look');
      expect(await other.said()).toBe('false');
    } finally {
      await other.kill();
    }
  });

  it('stands on directories, and directories on it', async () => {
    using folder = scratchOfStore();
    const [images, directories] = [
      await openStore(folder.join('store'), 'erofs'),
      await openStore(folder.join('store'), 'directory'),
    ];
    const mixed = [directories, images, directories, images];
    let parent: string | undefined;
    const unpacked = await openStore(folder.join('unpacked'), 'directory');
    const layers = [
      () => layer({ name: 'd/a', content: 'a' }, { name: 'd/b', content: 'b' }, { name: 'o/x' }),
      () => layer({ name: 'd/.wh.a' }, { name: 'h', type: '1', link: 'd/b' }, { name: 'o/.wh..wh..opq' }),
      () => layer({ name: 'd/c', type: '1', link: 'h' }, { name: 'o/y' }, { name: '.wh.h' }),
      () => layer({ name: 'e', type: '2', link: 'd' }, { name: 'e/f' }, { name: 'd/.wh.b' }),
    ];
    for (const [at, make] of layers.entries()) {
      await mixed[at]?.commit(`sha256:${at}`, make(), { parent });
      await unpacked.commit(`sha256:${at}`, make(), { parent });
      parent = `sha256:${at}`;
    }
    expect((await images.layers()).map(({ backend }) => backend)).toEqual(['directory', 'erofs', 'directory', 'erofs']);
    const [one, two] = [await images.view('one', { parent }), await unpacked.view('two', { parent })];
    mkdirSync(folder.join('one'));
    const [a] = await trees(mountedOn(folder.join('one'), one), [folder.join('one')]);
    const [b] = await trees(mountedOn(folder.join('one'), two), [folder.join('one')]);
    expect(a).toEqual(b);
  });
});
