import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { guard, requires, unprivileged } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { scratchOfLayers } from './scratch-of-layers.ts';
import { xattrs } from './tree.ts';

guard();

/** Whoever runs the tests; nobody, when that is root. */
const user = process.geteuid?.() || 65534;

/** Runs a script in this package as an ordinary user; it finds a folder of its own in `process.argv[1]`. */
async function asUser(folder: string, script: string): Promise<string> {
  chownSync(folder, user, user);
  const prelude = `
    const { applyLayer, SnapshotStore } = await import(process.cwd() + '/packages/unionfs/src/index.ts');
    const { layer } = await import(process.cwd() + '/packages/testkit/src/archive.ts');
    const folder = process.argv[1];`;
  const options = ['--conditions=estiba-source', '--input-type=module', '-e', prelude + script, folder];
  const { stdout, stderr, exitCode } = await unprivileged(['node', ...options], { uid: user });
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  return stdout;
}

requires({ on: ['host', 'uml'], command: 'setpriv' })('an ordinary user', () => {
  it('unpacks layers, owns what is in them, and is told what he cannot have', async () => {
    using folder = scratchOfLayers('user');
    const output = await asUser(
      folder.path,
      `const { skipped } = await applyLayer(layer(
        { name: 'dir/', type: '5', mode: 0o555, uid: 0 },
        { name: 'dir/file', content: 'x', uid: 1234, mode: 0o640 },
        { name: 'null', type: '3', device: [1, 3] },
        { name: 'fifo', type: '6' },
        { name: 'capable', pax: { 'SCHILY.xattr.security.capability': Buffer.from('0100000200040000000000000000000000000000', 'hex') } },
      ), folder);
      console.log(JSON.stringify(skipped));`,
    );
    expect(JSON.parse(output)).toEqual(['"null": device', '"capable": extended attribute security.capability']);
    expect(lstatSync(folder.join('dir'))).toMatchObject({ uid: user, mode: 0o40555 });
    expect(lstatSync(folder.join('dir/file'))).toMatchObject({ uid: user, mode: 0o100640 });
    expect(readdirSync(folder.path).sort()).toEqual(['capable', 'dir', 'fifo']);
  });

  it('unpacks into a directory of somebody else who lets him, whose time he may not set', async () => {
    using folder = scratchOfLayers('user');
    mkdirSync(folder.join('shared'));
    chmodSync(folder.join('shared'), 0o777);
    await asUser(folder.path, `await applyLayer(layer({ name: 'shared/file' }), folder)`);
    expect(lstatSync(folder.join('shared/file')).uid).toBe(user);
  });

  it('has a snapshot over a root that its mode keeps him from reading', async () => {
    using folder = scratchOfLayers('user');
    await asUser(
      folder.path,
      `const store = await SnapshotStore.open(folder + '/store');
      await store.commit('sha256:one', layer({ name: './', type: '5', mode: 0o311 }));
      await store.prepare('mine', { parent: 'sha256:one' });`,
    );
    expect(lstatSync(folder.join('store/snapshots/mine/upper')).mode & 0o777).toBe(0o311);
  });

  it('adds to layers whose directories he may not read, and is told which he cannot look into', async () => {
    using folder = scratchOfLayers('user');
    const output = await asUser(
      folder.path,
      `const store = await SnapshotStore.open(folder + '/store');
      const directory = (name, mode) => ({ name, type: '5', mode });
      await store.commit('sha256:one', layer(directory('./', 0o311), directory('d/', 0o311), { name: 'd/old', content: 'x' }, directory('closed/', 0o400), { name: 'gone' }));
      await store.commit('sha256:two', layer({ name: '.wh.gone' }, { name: 'd/.wh..wh..opq' }), { parent: 'sha256:one' });
      await store.commit('sha256:three', layer({ name: 'd/file' }), { parent: 'sha256:two' });
      await store.commit('sha256:four', layer({ name: 'd/again', type: '1', link: 'd/file' }), { parent: 'sha256:three' });
      await store.commit('sha256:five', layer({ name: 'd/again', type: '1', link: 'd/old' }), { parent: 'sha256:four' })
        .catch((error) => console.log(error.code));
      await store.commit('sha256:six', layer({ name: 'closed/a/b' }), { parent: 'sha256:three' })
        .catch((error) => console.log(error.code, error.message));`,
    );
    expect(output).toBe(
      'LAYER_INVALID\nLAYER_REFUSED cannot look at "closed/a" in the layers below: the mode of a directory there keeps its own owner out; unpack as root\n',
    );
  });

  it('changes what is in directories that their mode keeps him from writing to, which they have again then', async () => {
    using folder = scratchOfLayers('user');
    await asUser(
      folder.path,
      `const directory = (name, mode) => ({ name, type: '5', mode });
      await applyLayer(layer(directory('./', 0o555), directory('a/', 0o555), directory('a/b/', 0), directory('a/c/', 0o311), { name: 'a/c/old' }, { name: 'a/gone' }), folder);
      await applyLayer(layer({ name: 'a/b/file' }, { name: 'a/c/.wh.old' }, { name: 'a/.wh.gone' }, { name: 'link', type: '1', link: 'a/b/file' }), folder);`,
    );
    const mode = (path: string) => (lstatSync(folder.join(path)).mode & 0o777).toString(8);
    expect(['', 'a', 'a/b', 'a/c'].map(mode)).toEqual(['555', '555', '0', '311']);
    expect(readdirSync(folder.join('a'))).toEqual(['b', 'c']);
    // Root sees it whatever the mode is; who is no root opens it first.
    if (user !== 65534) for (const path of ['a/b', 'a/c']) chmodSync(folder.join(path), 0o700);
    expect([readdirSync(folder.join('a/b')), readdirSync(folder.join('a/c'))]).toEqual([['file'], []]);
  });

  it('is told what to do when a layer wants owners kept', async () => {
    using folder = scratchOfLayers('user');
    const output = await asUser(
      folder.path,
      `await applyLayer(layer({ name: 'file', uid: 5 }), folder, { owner: 'keep' }).catch((error) => console.log(error.code, error.message));`,
    );
    expect(output).toBe(
      'LAYER_REFUSED cannot unpack "file": fchown: EPERM; keeping owners and devices needs root; use owner: \'self\'\n',
    );
  });

  it('has a store, with whiteouts in the form that he may mount', async () => {
    using folder = scratchOfLayers('user');
    const output = await asUser(
      folder.path,
      `const store = await SnapshotStore.open(folder + '/store');
      await store.commit('sha256:one', layer({ name: 'gone' }, { name: 'dir/file' }));
      await store.commit('sha256:two', layer({ name: '.wh.gone' }, { name: 'dir/.wh..wh..opq' }), { parent: 'sha256:one' });
      console.log(JSON.stringify((await store.prepare('mine', { parent: 'sha256:two' })).overlay));`,
    );
    const { lower, userxattr } = JSON.parse(output);
    expect(userxattr).toBe(true);
    expect(lstatSync(`${lower[0]}/gone`).isCharacterDevice()).toBe(true);
    expect(xattrs(`${lower[0]}/dir`)).toEqual(['user.overlay.opaque=79']);
    expect(JSON.parse(readFileSync(`${lower[0]}/../layer.json`, 'utf8'))).toMatchObject({ namespace: 'user' });
  });

  it.each([
    ['d/closed', `{ name: 'd/', type: '5' }, { name: 'd/closed/', type: '5', mode: 0o311 }`],
    ['d', `{ name: 'd/', type: '5', mode: 0o400 }, { name: 'd/file' }`],
    ['', `{ name: './', type: '5', mode: 0 }`],
  ])('is told that %j keeps him from measuring, and which', async (closed, entries) => {
    using folder = scratchOfLayers('user');
    const output = await asUser(
      folder.path,
      `const store = await SnapshotStore.open(folder + '/store');
      await store.commit('sha256:one', layer(${entries}));
      await store.usage('sha256:one').catch((error) => console.log(error.code, error.message));`,
    );
    const [id] = readdirSync(folder.join('store/layers'));
    const path = folder.join('store/layers', id as string, 'fs', closed);
    expect(output).toBe(
      `LAYER_REFUSED cannot measure what a tree takes: the mode of ${path} keeps its own owner out; measure as root\n`,
    );
  });

  it('removes layers whose modes keep their own owner out', async () => {
    using folder = scratchOfLayers('user');
    const output = await asUser(
      folder.path,
      `const store = await SnapshotStore.open(folder + '/store');
      const directory = (name, mode) => ({ name, type: '5', mode });
      await store.commit('sha256:one', layer(
        directory('a/', 0o555), directory('a/b/', 0), directory('a/b/c/', 0o111), directory('a/b/c/d/', 0o444), { name: 'a/b/c/d/file', mode: 0 },
      ));
      console.log((await store.prune({ keep: [] })).removed);`,
    );
    expect(output).toBe("[ 'sha256:one' ]\n");
    expect([...readdirSync(folder.join('store/layers')), ...readdirSync(folder.join('store/tmp'))]).toEqual([]);
  });
});
