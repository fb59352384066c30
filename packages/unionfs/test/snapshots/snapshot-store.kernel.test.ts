import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { guard, requires } from '@estiba/testkit';
import { layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { erofsSupport, mountOverlay } from '../../src/index.ts';
import { SnapshotStore } from '../../src/snapshots/snapshot-store.ts';
import { mounting, shell } from '../mounting.ts';
import { base, change, mountedOn, openStore, scratchOfStore } from './suite/stores.ts';

guard();

requires({ on: ['host', 'uml'] })('a store', () => {
  it('keeps others out: layers hold set-uid files of strangers', async () => {
    using folder = scratchOfStore();
    await SnapshotStore.open(folder.join('store'));
    expect(statSync(folder.join('store')).mode & 0o777).toBe(0o700);
  });

  it.each(['', 'sha256:', 'sha256:../../x', '../x', 'sha256:a/b', `sha256:${'a'.repeat(300)}`])(
    'refuses %j as a chain id',
    async (chainId) => {
      using folder = scratchOfStore();
      const store = await openStore(folder.path, 'directory');
      const commit = store.commit(chainId, base());
      await expect(commit).rejects.toMatchObject({ code: 'NAME_INVALID' });
      await expect(store.remove(chainId)).rejects.toMatchObject({ code: 'NAME_INVALID' });
    },
  );

  it.each(['', '.', '..', '../x', 'a/b', '.hidden', 'x'.repeat(129), 'new\nline'])(
    'refuses %j as the name of a snapshot',
    async (name) => {
      using folder = scratchOfStore();
      const store = await openStore(folder.path, 'directory');
      await expect(store.prepare(name)).rejects.toMatchObject({ code: 'NAME_INVALID' });
      await expect(store.view(name)).rejects.toMatchObject({ code: 'NAME_INVALID' });
      await expect(store.snapshot(name)).rejects.toMatchObject({ code: 'NAME_INVALID' });
    },
  );

  it.each(['{"version": 3}', '{"version": 1, "view": true}', '{"vers', ''])(
    'says which note it cannot read: %j',
    async (note) => {
      using folder = scratchOfStore();
      const store = await openStore(folder.path, 'directory');
      await store.prepare('one');
      writeFileSync(folder.join('snapshots/one/snapshot.json'), note);
      await expect(store.snapshot('one')).rejects.toMatchObject({
        code: 'STORE_DAMAGED',
        message: expect.stringContaining('snapshots/one/snapshot.json'),
      });
    },
  );

  it('unpacks layers when told to, and says so', async () => {
    using folder = scratchOfStore();
    const { backend } = await SnapshotStore.open(folder.path, { backend: 'directory' });
    expect(backend).toEqual({ name: 'directory', reason: 'the directory form was asked for' });
  });
});

requires({ on: ['host'], root: true, kernel: '6.12' })('a store that may mount images', () => {
  it('stores layers as images unless told otherwise, and says why', async () => {
    using folder = scratchOfStore();
    const { backend } = await SnapshotStore.open(folder.path);
    expect(backend).toEqual({ name: 'erofs', reason: expect.stringContaining('this kernel mounts files as EROFS') });
    expect(readdirSync(folder.join('tmp'))).toEqual([]);
  });
});

requires({ on: ['uml'] })('a store on a kernel that does not mount files', () => {
  it('unpacks layers, and says why; images are made where they are asked for, if a loop device can be had', async () => {
    using folder = scratchOfStore();
    // Once another test has needed a loop device, the module stays.
    const hasLoop = process.geteuid?.() === 0 && (await erofsSupport(folder.path)).supported;
    const { backend } = await SnapshotStore.open(folder.path);
    const reason = hasLoop ? /^EROFS would take a loop device for each layer/ : /^EROFS cannot be used: /;
    expect(backend).toEqual({ name: 'directory', reason: expect.stringMatching(reason) });
    const asked = SnapshotStore.open(folder.path, { backend: 'erofs' });
    if (hasLoop) expect((await asked).backend.name).toBe('erofs');
    else
      await expect(asked).rejects.toMatchObject({
        code: 'OVERLAY_UNSUPPORTED',
        message: expect.stringMatching(/^cannot store layers in the erofs form: .*; use the backend 'directory'$/),
      });
  });
});

requires({ on: ['host', 'uml'], root: true, overlay: true })('a store of root', () => {
  it('is refused on overlayfs, where no layer could be mounted', async () => {
    using folder = scratchOfStore();
    mkdirSync(folder.join('lower'));
    await using merged = await mountOverlay({
      lower: [folder.join('lower')],
      upper: folder.join('upper'),
      work: folder.join('work'),
      target: folder.join('merged'),
    });
    await expect(SnapshotStore.open(`${merged.path}/store`)).rejects.toMatchObject({
      code: 'OVERLAY_UNSUPPORTED',
      message: `cannot keep layers in ${merged.path}/store: it lies on overlayfs, which cannot hold layers; choose a directory on ext4, xfs, btrfs or tmpfs`,
    });
  });

  it('has snapshots that can be mounted for this process, again and again', async () => {
    using folder = scratchOfStore();
    const store = await SnapshotStore.open(folder.join('store'));
    await store.commit('sha256:one', base());
    await store.commit('sha256:two', change(), { parent: 'sha256:one' });
    await using snapshot = await store.prepare('mine', { parent: 'sha256:two' });
    {
      await using merged = await snapshot.mount(folder.join('merged'));
      expect(readdirSync(folder.join('merged/etc'))).toEqual(['b']);
      expect(readFileSync(folder.join('merged/etc/b'), 'utf8')).toBe('changed');
      writeFileSync(`${merged.path}/etc/c`, 'mine');
    }
    const again = await store.snapshot('mine');
    await using merged = await again.mount(folder.join('merged'), { readonly: true });
    expect(readFileSync(`${merged.path}/etc/c`, 'utf8')).toBe('mine');
    expect(() => writeFileSync(`${merged.path}/etc/d`, '')).toThrow('EROFS');
  });
});

const parameters = '/sys/module/overlay/parameters';

// The settings are those of the machine: they are changed where nobody else has any.
requires({ on: ['uml'], ...mounting, root: true })('a snapshot on a machine with other defaults', () => {
  it('has all changes in its own directory, under the name that they are seen by', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.join('store'), 'directory');
    await store.commit(
      'sha256:one',
      layer({ name: 'd/file', content: 'x' }, { name: 'd/other', type: '1', link: 'd/file' }),
    );
    const names = ['redirect_dir', 'metacopy', 'index'];
    const before = names.map((name) => readFileSync(`${parameters}/${name}`, 'utf8'));
    for (const name of names) writeFileSync(`${parameters}/${name}`, 'Y');
    try {
      const snapshot = await store.prepare('mine', { parent: 'sha256:one' });
      const script = `cd ${folder.join('merged')}; chmod 700 d/file; mv d e`;
      await shell(mountedOn(folder.join('merged'), snapshot), script);
      await store.commit('sha256:two', snapshot.diff(), { parent: 'sha256:one' });
    } finally {
      for (const [at, name] of names.entries()) writeFileSync(`${parameters}/${name}`, before[at] as string);
    }
    const view = await store.view('look', { parent: 'sha256:two' });
    const look = `cd ${folder.join('merged')}; ls; cat e/file; stat -c %a e/file`;
    expect(await shell(mountedOn(folder.join('merged'), view), look)).toBe('e\nx700\n');
  });
});

requires({ on: ['host', 'uml'], root: true, command: 'setpriv' })('root without CAP_SYS_ADMIN', () => {
  it('does not get out of a store of root what its layers hide', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, 'directory');
    await store.commit('sha256:one', layer({ name: 'd/secret' }));
    await store.commit('sha256:two', layer({ name: 'd/.wh..wh..opq' }), { parent: 'sha256:one' });
    const said = withoutAdmin(
      folder.path,
      `const link = layer({ name: 'x', type: '1', link: 'd/secret' });
      await store.commit('sha256:three', link, { parent: 'sha256:two' }).catch(say);
      await store.prepare('mine', { parent: 'sha256:two' }).catch(say);`,
    );
    const why =
      'the layer sha256:two below notes what it hides in trusted.overlay attributes, where user.overlay ones are needed here; use the store as root with CAP_SYS_ADMIN, or another store';
    expect(said).toEqual([
      `OVERLAY_UNSUPPORTED cannot commit sha256:three: ${why}`,
      `OVERLAY_UNSUPPORTED cannot prepare the snapshot mine: ${why}`,
    ]);
    expect(await store.has('sha256:three')).toBe(false);
    expect(await store.snapshots()).toEqual([]);
  });

  it('makes a store of his own, which root mounts but does not add to', async () => {
    using folder = scratchOfStore();
    const said = withoutAdmin(
      folder.path,
      `console.log(store.backend.reason);
      await store.commit('sha256:one', layer({ name: 'd/secret' }));
      await store.commit('sha256:two', layer({ name: 'd/.wh..wh..opq' }), { parent: 'sha256:one' });
      const link = layer({ name: 'x', type: '1', link: 'd/secret' });
      await store.commit('sha256:three', link, { parent: 'sha256:two' }).catch(say);`,
    );
    const reason = 'EROFS cannot be used: it takes root with CAP_SYS_ADMIN over the machine';
    expect(said).toEqual([reason, expect.stringMatching(/^LAYER_INVALID .*secret/)]);
    const store = await SnapshotStore.open(folder.path);
    expect((await store.prepare('mine', { parent: 'sha256:two' })).overlay.userxattr).toBe(true);
    const commit = store.commit('sha256:four', layer({ name: 'x' }), { parent: 'sha256:two' });
    await expect(commit).rejects.toMatchObject({
      code: 'OVERLAY_UNSUPPORTED',
      message: expect.stringContaining('use the store as the user who made it'),
    });
  });
});

/** What a script says, about a store, as root who may not mount nor see trusted attributes. */
function withoutAdmin(directory: string, script: string): string[] {
  const source = `
    const { SnapshotStore } = await import(process.cwd() + '/packages/unionfs/src/index.ts');
    const { layer } = await import(process.cwd() + '/packages/testkit/src/archive.ts');
    const store = await SnapshotStore.open(process.argv[1]);
    const say = (error) => console.log(error.code, error.message);
    ${script}`;
  const node = [process.execPath, '--conditions=estiba-source', '--input-type=module', '-e', source, directory];
  const options = ['--bounding-set=-sys_admin', '--inh-caps=-sys_admin', '--'];
  const { stdout, stderr, status } = spawnSync('setpriv', [...options, ...node], { encoding: 'utf8', timeout: 20_000 });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout.split('\n').slice(0, -1);
}
