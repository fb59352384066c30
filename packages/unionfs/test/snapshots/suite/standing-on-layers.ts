/** What holds of snapshots and views, however the layers are stored below them. Needs `mounting`. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { type EntrySpec, layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { applyLayer } from '../../../src/index.ts';
import { overlayOptions, shell, trees } from '../../mounting.ts';
import { type Backend, base, change, mountedOn, openStore, scratchOfStore, unfinished } from './stores.ts';

/** Layers that lean on those below in every way there is. */
const stack: EntrySpec[][] = [
  [
    { name: './', type: '5', mode: 0o711 },
    { name: 'usr/lib/', type: '5', mode: 0o750 },
    { name: 'usr/lib/a', content: 'a', mode: 0o755 },
    { name: 'usr/lib/b', content: 'b' },
    { name: 'lib', type: '2', link: 'usr/lib' },
    { name: 'var/', type: '5', mode: 0o1777 },
    { name: 'var/old/x' },
    { name: 'gone/deep/file' },
    { name: 'file', content: 'was a file' },
    { name: 'dir/inside' },
    { name: 'abs', type: '2', link: '/usr/lib' },
  ],
  [
    // Through links of below, below a directory that no entry here describes.
    { name: 'lib/c', content: 'c' },
    { name: 'abs/d', content: 'd' },
    { name: 'hard', type: '1', link: 'usr/lib/a' },
    { name: 'var/.wh.old' },
    { name: '.wh.gone' },
    { name: 'file/', type: '5' },
    { name: 'file/now', content: 'a directory' },
    { name: '.wh.dir' },
    { name: 'dir', content: 'now a file' },
  ],
  [
    { name: 'var/old/', type: '5', mode: 0o700 },
    { name: 'var/old/new' },
    { name: 'gone/again' },
    // An overlay goes on counting names that are hidden.
    { name: '.wh.hard' },
    { name: 'usr/.wh.lib' },
    { name: 'usr/lib/only', content: 'only' },
    { name: 'file/.wh..wh..opq' },
    { name: 'file/after', content: 'after' },
  ],
  [{ name: 'usr/lib/.wh.only' }, { name: 'implicit/of/nobody', content: 'x' }, { name: 'hard', content: 'replaced' }],
];

export function standingOnLayers(backend: Backend): void {
  it('shows what unpacking one layer over the other makes', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.join('store'), backend);
    mkdirSync(folder.join('unpacked'));
    let parent: string | undefined;
    for (const [at, entries] of stack.entries()) {
      await applyLayer(layer(...entries), folder.join('unpacked'));
      const chainId = `sha256:${at}`;
      await store.commit(chainId, layer(...entries), { parent });
      parent = chainId;
      await using view = await store.view('look', { parent });
      const paths = [folder.join('unpacked'), folder.join('merged')];
      const [unpacked, merged] = await trees(mountedOn(folder.join('merged'), view), paths, { directoryTimes: false });
      expect(merged).toEqual(unpacked);
    }
  });

  it('keeps what is written to it to itself', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.join('store'), backend);
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
    expect((await written.usage()).inodes).toBe(3);
    expect((await other.usage()).inodes).toBe(1);
  });

  it('is a layer once more, which shows the same', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.join('store'), backend);
    await store.commit('sha256:one', base());
    const merged = folder.join('merged');
    const snapshot = await store.prepare('mine', { parent: 'sha256:one' });
    const script = `cd ${merged}; rm etc/a; echo more >> etc/b; mkdir -m 700 d; ln etc/b d/link; rm -r etc; mkdir etc; touch etc/n; mv etc/n d`;
    await shell(mountedOn(merged, snapshot), script);
    await store.commit('sha256:two', snapshot.diff(), { parent: 'sha256:one' });
    await using view = await store.view('look', { parent: 'sha256:two' });
    const options = { directoryTimes: false };
    const [changed] = await trees(mountedOn(merged, snapshot), [merged], options);
    const [committed] = await trees(mountedOn(merged, view), [merged], options);
    expect(committed).toEqual(changed);
  });

  it('that is a view is not to be written to, and stays until it is removed', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.join('store'), backend);
    await store.commit('sha256:one', layer({ name: './', type: '5', mode: 0o711 }, { name: 'x' }));
    expect((await store.view('look', { parent: 'sha256:one' })).readonly).toBe(true);
    const view = await (await openStore(folder.join('store'), backend)).snapshot('look');
    expect(view).toMatchObject({ readonly: true, parent: 'sha256:one' });
    const script = `cd ${folder.join('merged')}; stat -c %a .; ls -A; (echo > y) 2>&1 | grep -o 'Read-only.*'`;
    expect(await shell(mountedOn(folder.join('merged'), view), script)).toBe('711\nx\nRead-only file system\n');
    expect((await store.prune({ keep: [] })).removed).toEqual([]);
    await expect(view.diff().toArray()).rejects.toMatchObject({ code: 'TREE_UNSUPPORTED' });
    await view.remove();
    await view.remove();
    expect(await store.snapshots()).toEqual([]);
    expect((await store.prune({ keep: [] })).removed).toEqual(['sha256:one']);
  });

  it('over nothing is an empty tree that everybody may enter', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.join('store'), backend);
    const script = `cd ${folder.join('merged')}; ls -A; stat -c %a .`;
    for (const snapshot of [await store.prepare('mine'), await store.view('look')]) {
      expect(await shell(mountedOn(folder.join('merged'), snapshot), script)).toBe('755\n');
    }
  });

  it('has the root that the topmost layer has', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.join('store'), backend);
    await store.commit('sha256:one', layer({ name: './', type: '5', mode: 0o711, uid: 5 }));
    await store.commit('sha256:two', layer({ name: 'x' }), { parent: 'sha256:one' });
    const mounted = mountedOn(folder.join('merged'), await store.prepare('mine', { parent: 'sha256:two' }));
    // What an ordinary user unpacks is his, who is root in there.
    const owner = process.geteuid?.() === 0 ? 5 : 0;
    expect(await shell(mounted, `stat -c '%a %u' ${folder.join('merged')}`)).toBe(`711 ${owner}\n`);
  });

  it('shows nothing of the layers below one with an opaque root', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.join('store'), backend);
    await store.commit('sha256:one', base());
    await store.commit('sha256:two', layer({ name: '.wh..wh..opq' }, { name: 'only' }), { parent: 'sha256:one' });
    await store.commit('sha256:three', layer({ name: 'more' }), { parent: 'sha256:two' });
    const mounted = mountedOn(folder.join('merged'), await store.prepare('mine', { parent: 'sha256:three' }));
    expect(await shell(mounted, `ls -A ${folder.join('merged')}`)).toBe('more\nonly\n');
  });

  it('lists nothing that a layer at the bottom hides', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.join('store'), backend);
    const hidden = [{ name: 'dir/.wh.gone' }, { name: '.wh.gone' }, { name: 'no/such/.wh.gone' }];
    await store.commit('sha256:one', layer({ name: 'dir/x' }, ...hidden));
    const snapshot = await store.prepare('mine', { parent: 'sha256:one' });
    const list = `find ${folder.join('merged')} -mindepth 1 -printf '%P\\n' | sort`;
    expect(await shell(mountedOn(folder.join('merged'), snapshot), list)).toBe('dir\ndir/x\n');
  });

  it('cannot have the name of another', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, backend);
    await store.prepare('mine');
    await expect(store.prepare('mine')).rejects.toMatchObject({ code: 'SNAPSHOT_EXISTS' });
    await expect(store.view('mine')).rejects.toMatchObject({ code: 'SNAPSHOT_EXISTS' });
    await expect(store.snapshot('other')).rejects.toMatchObject({ code: 'SNAPSHOT_MISSING' });
    await expect(store.prepare('next', { parent: 'sha256:none' })).rejects.toMatchObject({ code: 'LAYER_MISSING' });
    expect(unfinished(folder.path)).toEqual([]);
  });

  it.each(['prepare', 'view'] as const)(
    'made by %s cannot be removed while a process in another mount namespace has it mounted',
    async (method) => {
      using folder = scratchOfStore();
      const store = await openStore(folder.path, backend);
      const snapshot = await store[method]('mine');
      mkdirSync(folder.join('merged'));
      const { lower, upper, work } = snapshot.overlay;
      const own = upper === undefined ? [] : [`upperdir=${upper},workdir=${work}`];
      const options = [`lowerdir=${lower.join(':')}`, ...own, ...overlayOptions].join(',');
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
    },
  );

  it('is removed with names of any bytes and trees deeper than any path', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, backend);
    const snapshot = await store.prepare('mine');
    const script =
      'import os,sys\nos.chdir(sys.argv[1])\nfor i in range(50):\n  n=b"\\xff"*200\n  os.mkdir(n); open("f","w").close(); os.chdir(n)';
    expect(spawnSync('python3', ['-c', script, snapshot.overlay.upper ?? '']).status).toBe(0);
    expect((await snapshot.usage()).inodes).toBe(101);
    await snapshot.remove();
    expect([...readdirSync(folder.join('snapshots')), ...unfinished(folder.path)]).toEqual([]);
  });
}
