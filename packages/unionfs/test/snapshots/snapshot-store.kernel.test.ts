import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from '@estiba/syscalls';
import { guard, machine, requires } from '@estiba/testkit';
import { expect, it, vi } from 'vitest';
import { overlay, type Snapshot, SnapshotStore } from '../../src/index.ts';
import { archive, entryBytes, layer } from '../archive.ts';
import { mounting, overlayOptions, shell } from '../mounting.ts';
import { scratchOfLayers } from '../scratch-of-layers.ts';

guard();

const base = () => layer({ name: 'etc/', type: '5' }, { name: 'etc/a', content: 'a' }, { name: 'etc/b', content: 'b' });
/** Longer than any path may be. */
const deepPath = Array(300).fill('n'.repeat(100)).join('/');
const change = () => layer({ name: 'etc/.wh.a' }, { name: 'etc/b', content: 'changed' });

requires({ on: ['host', 'uml'] })('a store', () => {
  it('has a layer when it was committed, and in the next process too', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.join('store'));
    expect(await store.has('sha256:one')).toBe(false);
    await store.commit('sha256:one', base());
    expect(await store.has('sha256:one')).toBe(true);
    expect(await (await SnapshotStore.open(folder.join('store'))).has('sha256:one')).toBe(true);
    expect(readdirSync(folder.join('store/tmp'))).toEqual([]);
  });

  it('keeps others out: layers hold set-uid files of strangers', async () => {
    using folder = scratchOfLayers('store');
    await SnapshotStore.open(folder.join('store'));
    expect(statSync(folder.join('store')).mode & 0o777).toBe(0o700);
  });

  it('does not read a layer that it has', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.path);
    await store.commit('sha256:one', base());
    const unread = new Readable({
      read() {
        throw new Error('it was read');
      },
    });
    await store.commit('sha256:one', unread);
    expect(unread.destroyed).toBe(true);
  });

  it('does the work of several commits at once once', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.path);
    let read = 0;
    const counted = () =>
      Readable.from(
        (async function* () {
          read += 1;
          yield archive({ name: 'x' });
        })(),
      );
    await Promise.all(Array.from({ length: 5 }, () => store.commit('sha256:one', counted())));
    expect(read).toBe(1);
  });

  it('does it once, though who comes second is told late that there is no such layer', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.path);
    const has = store.has.bind(store);
    let asked = 0;
    vi.spyOn(store, 'has').mockImplementation(async (chainId) => {
      const answer = await has(chainId);
      asked += 1;
      if (asked === 2) await first;
      return answer;
    });
    const first = store.commit('sha256:one', base());
    const second = base();
    await Promise.all([first, store.commit('sha256:one', second)]);
    expect(second.readableDidRead).toBe(false);
  });

  it('lets the next commit do the work when the first fails', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.path);
    const bad = store.commit('sha256:one', Readable.from([Buffer.alloc(512, 'x')]));
    const good = store.commit('sha256:one', base());
    await expect(bad).rejects.toMatchObject({ code: 'LAYER_INVALID' });
    await good;
    expect(await store.has('sha256:one')).toBe(true);
  });

  it('takes the layer of whoever is first when two processes commit it', async () => {
    using folder = scratchOfLayers('store');
    const [one, two] = [await SnapshotStore.open(folder.path), await SnapshotStore.open(folder.path)];
    await Promise.all([one.commit('sha256:one', base()), two.commit('sha256:one', base())]);
    expect(readdirSync(folder.join('layers'))).toHaveLength(1);
    expect(readdirSync(folder.join('tmp'))).toEqual([]);
  });

  it.each([
    ['another digest', () => base(), { diffId: `sha256:${'0'.repeat(64)}` }, 'LAYER_MISMATCH'],
    [
      'a layer that is cut off',
      () => Readable.from([archive({ name: 'x', content: 'y'.repeat(100) }).subarray(0, 600)]),
      {},
      'LAYER_INVALID',
    ],
    ['a parent that is not here', () => base(), { parent: 'sha256:none' }, 'LAYER_MISSING'],
  ])('has nothing of a commit with %s', async (_, source, options, code) => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.path);
    await expect(store.commit('sha256:one', source(), options)).rejects.toMatchObject({ code });
    expect(await store.has('sha256:one')).toBe(false);
    expect([...readdirSync(folder.join('layers')), ...readdirSync(folder.join('tmp'))]).toEqual([]);
  });

  it('has nothing of a commit that is aborted', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.path);
    const stalled = new Readable({ read() {} });
    stalled.push(entryBytes({ name: 'x' }));
    const commit = store.commit('sha256:one', stalled, { signal: AbortSignal.timeout(30) });
    await expect(commit).rejects.toMatchObject({ name: 'TimeoutError' });
    expect([...readdirSync(folder.join('layers')), ...readdirSync(folder.join('tmp'))]).toEqual([]);
  });

  it('has nothing of a commit that fails in a tree deeper than any path', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.path);
    const entries = [entryBytes({ name: 'x', pax: { path: deepPath } }), Buffer.alloc(512, 'x')];
    await expect(store.commit('sha256:one', Readable.from(entries))).rejects.toMatchObject({ code: 'LAYER_INVALID' });
    expect([...readdirSync(folder.join('layers')), ...readdirSync(folder.join('tmp'))]).toEqual([]);
  });

  it('lets a commit that waits for another be aborted', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.path);
    const slow = new Readable({ read() {} });
    const first = store.commit('sha256:one', slow);
    while (readdirSync(folder.join('tmp')).length === 0) await sleep(1);
    const second = store.commit('sha256:one', base(), { signal: AbortSignal.timeout(20) });
    await expect(second).rejects.toMatchObject({ name: 'TimeoutError' });
    slow.push(archive({ name: 'x' }));
    slow.push(null);
    await first;
    expect(await store.has('sha256:one')).toBe(true);
  });

  it.each(['', 'sha256:', 'sha256:../../x', '../x', 'sha256:a/b', `sha256:${'a'.repeat(300)}`])(
    'refuses %j as a chain id',
    async (chainId) => {
      using folder = scratchOfLayers('store');
      const store = await SnapshotStore.open(folder.path);
      await expect(store.commit(chainId, base())).rejects.toMatchObject({ code: 'NAME_INVALID' });
    },
  );

  it.each(['', '.', '..', '../x', 'a/b', '.hidden', 'x'.repeat(129), 'new\nline'])(
    'refuses %j as the name of a snapshot',
    async (name) => {
      using folder = scratchOfLayers('store');
      const store = await SnapshotStore.open(folder.path);
      await expect(store.prepare(name)).rejects.toMatchObject({ code: 'NAME_INVALID' });
      await expect(store.snapshot(name)).rejects.toMatchObject({ code: 'NAME_INVALID' });
    },
  );

  it('says which note it cannot read', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.path);
    await store.prepare('one');
    writeFileSync(folder.join('snapshots/one/snapshot.json'), '{"version": 2}');
    await expect(store.snapshot('one')).rejects.toMatchObject({
      code: 'STORE_DAMAGED',
      message: expect.stringContaining('snapshots/one/snapshot.json'),
    });
  });
});

requires({ on: ['host', 'uml'], ...mounting })('a snapshot', () => {
  it('shows the layers below it, and keeps what is written to itself', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.join('store'));
    await store.commit('sha256:one', base());
    await store.commit('sha256:two', change(), { parent: 'sha256:one' });
    const merged = folder.join('merged');
    const written = await store.prepare('mine', { parent: 'sha256:two' });
    const script = `cd ${merged}; ls -A etc; cat etc/b; echo mine > etc/c`;
    expect(await shell(mountedOn(merged, written), script)).toBe('b\nchanged');
    const again = await store.snapshot('mine');
    expect(await shell(mountedOn(merged, again), `cd ${merged}; ls -A etc; cat etc/c`)).toBe('b\nc\nmine\n');
    const other = await store.prepare('other', { parent: 'sha256:two' });
    expect(await shell(mountedOn(merged, other), `ls -A ${merged}/etc`)).toBe('b\n');
  });

  it('lists nothing that a layer at the bottom hides', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.join('store'));
    const bottom = layer(
      { name: 'dir/x' },
      { name: 'dir/.wh.gone' },
      { name: '.wh.gone' },
      { name: 'no/such/.wh.gone' },
    );
    await store.commit('sha256:one', bottom);
    const snapshot = await store.prepare('mine', { parent: 'sha256:one' });
    const list = `find ${folder.join('merged')} -mindepth 1 -printf '%P\\n' | sort`;
    expect(await shell(mountedOn(folder.join('merged'), snapshot), list)).toBe('dir\ndir/x\n');
  });

  it('over nothing is an empty tree that everybody may enter', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.join('store'));
    const mounted = mountedOn(folder.join('merged'), await store.prepare('mine'));
    expect(await shell(mounted, `cd ${folder.join('merged')}; ls -A; stat -c %a .`)).toBe('755\n');
  });

  it('has the root that the topmost layer has', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.join('store'));
    await store.commit('sha256:one', layer({ name: './', type: '5', mode: 0o711, uid: 5 }));
    await store.commit('sha256:two', layer({ name: 'x' }), { parent: 'sha256:one' });
    const mounted = mountedOn(folder.join('merged'), await store.prepare('mine', { parent: 'sha256:two' }));
    // What an ordinary user unpacks is his, who is root in there.
    const owner = process.geteuid?.() === 0 ? 5 : 0;
    expect(await shell(mounted, `stat -c '%a %u' ${folder.join('merged')}`)).toBe(`711 ${owner}\n`);
  });

  it('shows nothing of the layers below one with an opaque root', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.join('store'));
    await store.commit('sha256:one', base());
    await store.commit('sha256:two', layer({ name: '.wh..wh..opq' }, { name: 'only' }), { parent: 'sha256:one' });
    await store.commit('sha256:three', layer({ name: 'more' }), { parent: 'sha256:two' });
    const mounted = mountedOn(folder.join('merged'), await store.prepare('mine', { parent: 'sha256:three' }));
    expect(await shell(mounted, `ls -A ${folder.join('merged')}`)).toBe('more\nonly\n');
  });

  it('cannot have the name of another', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.path);
    await store.prepare('mine');
    await expect(store.prepare('mine')).rejects.toMatchObject({ code: 'SNAPSHOT_EXISTS' });
    await expect(store.snapshot('other')).rejects.toMatchObject({ code: 'SNAPSHOT_MISSING' });
    await expect(store.prepare('next', { parent: 'sha256:none' })).rejects.toMatchObject({ code: 'LAYER_MISSING' });
  });

  it('cannot be removed while a process in another mount namespace has it mounted', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.path);
    const snapshot = await store.prepare('mine');
    mkdirSync(folder.join('merged'));
    const { lower, upper, work } = snapshot.overlay;
    const options = [`lowerdir=${lower[0]},upperdir=${upper},workdir=${work}`, ...overlayOptions].join(',');
    const script = `mount -t overlay -o ${options} overlay ${folder.join('merged')} && echo ready && read _`;
    const namespaces = process.geteuid?.() === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount'];
    const other = spawn('unshare', [...namespaces, 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    const closed = new Promise((resolve) => other.on('close', resolve));
    try {
      await Promise.race([new Promise((resolve) => other.stdout.once('data', resolve)), closed]);
      await expect(snapshot.remove()).rejects.toMatchObject({
        code: 'SNAPSHOT_BUSY',
        message: expect.stringContaining(`in the mount namespace of process ${other.pid}`),
      });
    } finally {
      other.stdin.end();
      await closed;
    }
    await snapshot.remove();
    expect(await store.snapshots()).toEqual([]);
  });

  it('is removed with names of any bytes and trees deeper than any path', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.path);
    const snapshot = await store.prepare('mine');
    const script =
      'import os,sys\nos.chdir(sys.argv[1])\nfor i in range(50):\n  n=b"\\xff"*200\n  os.mkdir(n); open("f","w").close(); os.chdir(n)';
    expect(spawnSync('python3', ['-c', script, snapshot.overlay.upper ?? '']).status).toBe(0);
    await snapshot.remove();
    expect([...readdirSync(folder.join('snapshots')), ...readdirSync(folder.join('tmp'))]).toEqual([]);
  });
});

requires({ on: ['host', 'uml'], root: true, overlay: true })('a snapshot that root mounts for this process', () => {
  it('shows the layers below it, and keeps what is written to itself', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.join('store'));
    await store.commit('sha256:one', base());
    await store.commit('sha256:two', change(), { parent: 'sha256:one' });
    const snapshot = await store.prepare('mine', { parent: 'sha256:two' });
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

  it('cannot be removed while it is mounted, though its path has a space', () => expectToStay('with space'));
});

// Before Linux 6.5 options of mounts end at a comma.
requires({ on: ['host'], root: true, overlay: true, kernel: '6.5' })('a snapshot below a path with a comma', () => {
  it('cannot be removed while it is mounted', () => expectToStay('with space, comma'));
});

requires({ on: ['host', 'uml'], root: true, command: 'setpriv' })('root without CAP_SYS_ADMIN', () => {
  it('does not get out of a store of root what its layers hide', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.path);
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
    using folder = scratchOfLayers('store');
    const said = withoutAdmin(
      folder.path,
      `await store.commit('sha256:one', layer({ name: 'd/secret' }));
      await store.commit('sha256:two', layer({ name: 'd/.wh..wh..opq' }), { parent: 'sha256:one' });
      const link = layer({ name: 'x', type: '1', link: 'd/secret' });
      await store.commit('sha256:three', link, { parent: 'sha256:two' }).catch(say);`,
    );
    expect(said).toEqual([expect.stringMatching(/^LAYER_INVALID .*secret/)]);
    const store = await SnapshotStore.open(folder.path);
    expect((await store.prepare('mine', { parent: 'sha256:two' })).overlay.options).toEqual(['userxattr']);
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
    const { layer } = await import(process.cwd() + '/packages/unionfs/test/archive.ts');
    const store = await SnapshotStore.open(process.argv[1]);
    const say = (error) => console.log(error.code, error.message);
    ${script}`;
  const node = [process.execPath, '--conditions=estiba-source', '--input-type=module', '-e', source, directory];
  const options = ['--bounding-set=-sys_admin', '--inh-caps=-sys_admin', '--'];
  const { stdout, stderr, status } = spawnSync('setpriv', [...options, ...node], { encoding: 'utf8', timeout: 20_000 });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout.split('\n').slice(0, -1);
}

requires({ on: ['host', 'uml'] })('pruning', () => {
  it('removes layers that nothing stands on, and says what that freed', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.path);
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
    expect([...readdirSync(folder.join('layers')), ...readdirSync(folder.join('tmp'))]).toEqual([]);
  });

  it.each([
    ['that are not ASCII', 'tür/größe/', 'tür/größe/x'],
    ['that are not UTF-8', Buffer.from('ff2ffe2f', 'hex'), Buffer.from('ff2ffe2ffd', 'hex')],
  ])('removes layers with names %s, from a store with such a name', async (_, directory, file) => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.join('größe'));
    await store.commit('sha256:one', layer({ name: directory, type: '5' }, { name: file, content: 'x'.repeat(5000) }));
    const { removed, bytes } = await store.prune({ keep: [] });
    expect(removed).toEqual(['sha256:one']);
    expect(bytes).toBeGreaterThanOrEqual(5000);
    expect([...readdirSync(folder.join('größe/layers')), ...readdirSync(folder.join('größe/tmp'))]).toEqual([]);
  });

  it('counts a file of several names once', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.path);
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

  it('keeps what a layer stands on that is being committed', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.path);
    await store.commit('sha256:one', base());
    const slow = new Readable({ read() {} });
    const commit = store.commit('sha256:two', slow, { parent: 'sha256:one' });
    while (readdirSync(folder.join('tmp')).length === 0) await sleep(1);
    expect((await store.prune({ keep: [] })).removed).toEqual([]);
    slow.push(archive({ name: 'x' }));
    slow.push(null);
    await commit;
    await store.prepare('mine', { parent: 'sha256:two' });
  });

  it('that another process does under a commit fails the commit, and leaves no layer on nothing', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.path);
    await store.commit('sha256:one', base());
    const slow = new Readable({ read() {} });
    const commit = store.commit('sha256:two', slow, { parent: 'sha256:one' });
    while (readdirSync(folder.join('tmp')).length === 0) await sleep(1);
    expect((await (await SnapshotStore.open(folder.path)).prune({ keep: [] })).removed).toEqual(['sha256:one']);
    slow.push(archive({ name: 'x' }));
    slow.push(null);
    await expect(commit).rejects.toMatchObject({ code: 'LAYER_MISSING' });
    expect([...readdirSync(folder.join('layers')), ...readdirSync(folder.join('tmp'))]).toEqual([]);
  });

  it('and preparing at the same moment leave no snapshot on nothing', async () => {
    using folder = scratchOfLayers('store');
    const [store, other] = [await SnapshotStore.open(folder.path), await SnapshotStore.open(folder.path)];
    for (let round = 0; round < 30; round++) {
      await store.commit('sha256:one', layer({ name: 'x' }));
      const prepared = sleep(round % 4).then(() => store.prepare('mine', { parent: 'sha256:one' }));
      const [snapshot] = await Promise.allSettled([prepared, other.prune({ keep: [] })]);
      if (snapshot.status === 'rejected') expect(snapshot.reason).toMatchObject({ code: 'LAYER_MISSING' });
      for (const name of await store.snapshots()) await (await store.snapshot(name)).remove();
    }
  });

  it('lets those be who are still at work', async () => {
    using folder = scratchOfLayers('store');
    const store = await SnapshotStore.open(folder.path);
    const slow = new Readable({ read() {} });
    slow.push(entryBytes({ name: 'first' }));
    const commit = store.commit('sha256:one', slow);
    while (readdirSync(folder.join('tmp')).length === 0) await sleep(1);
    await (await SnapshotStore.open(folder.path)).prune({ keep: [] });
    slow.push(archive({ name: 'second' }));
    slow.push(null);
    await commit;
    expect(await store.has('sha256:one')).toBe(true);
  });

  it('after a crash at any moment finds a store without traces of it', { timeout: 60_000 }, async () => {
    using folder = scratchOfLayers('store');
    const script = `
      import { Readable } from 'node:stream';
      const { SnapshotStore } = await import(${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)});
      const { archive } = await import(${JSON.stringify(new URL('../archive.ts', import.meta.url).href)});
      const store = await SnapshotStore.open(process.argv[1]);
      const entries = Array.from({ length: 300 }, (_, at) => ({ name: 'd' + at % 20 + '/f' + at, content: 'x'.repeat(at) }));
      console.log('ready');
      for (let n = 0; ; n++) {
        await store.commit('sha256:' + process.pid + 'n' + n, Readable.from([archive(...entries)]));
        await store.prepare('s' + process.pid + 'n' + n, { parent: 'sha256:' + process.pid + 'n' + n });
        await (await store.snapshot('s' + process.pid + 'n' + n)).remove();
      }`;
    // To start Node takes a second and more there.
    const rounds = machine() === 'uml' ? 3 : 6;
    for (let round = 0; round < rounds; round++) {
      const options = ['--conditions=estiba-source', '--input-type=module', '-e', script, folder.path];
      const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'] });
      const closed = new Promise((resolve) => child.on('close', resolve));
      await new Promise((resolve) => child.stdout.once('data', resolve));
      await sleep(7 + (round * 78) / rounds);
      child.kill('SIGKILL');
      await closed;
      const store = await SnapshotStore.open(folder.path);
      expect(readdirSync(folder.join('tmp'))).toEqual([]);
      for (const name of readdirSync(folder.join('layers'))) {
        expect(existsSync(folder.join('layers', name, 'layer.json'))).toBe(true);
        expect(readdirSync(folder.join('layers', name, 'fs'))).toHaveLength(20);
      }
      for (const name of await store.snapshots()) await (await store.snapshot(name)).remove();
    }
    await (await SnapshotStore.open(folder.path)).prune({ keep: [] });
    expect(readdirSync(folder.join('layers'))).toEqual([]);
  });
});

async function expectToStay(directory: string): Promise<void> {
  using folder = scratchOfLayers('store');
  const store = await SnapshotStore.open(folder.join(directory));
  const snapshot = await store.prepare('mine');
  {
    await using _ = await snapshot.mount(folder.join('merged'));
    await expect(snapshot.remove()).rejects.toMatchObject({
      code: 'SNAPSHOT_BUSY',
      message: `cannot remove the snapshot mine: it is mounted on ${folder.join('merged')}`,
    });
  }
  await snapshot.remove();
  expect(await store.snapshots()).toEqual([]);
}

function mountedOn(target: string, { overlay: options }: Snapshot): Program {
  return overlay({ ...options, target });
}
