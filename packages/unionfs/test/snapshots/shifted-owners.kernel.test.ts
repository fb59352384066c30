/** Stores for a user namespace: whatever form a layer is kept in, its owners are shifted. */
import { chmodSync, chownSync, existsSync, lstatSync, rmSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { guard, requires, unprivileged } from '@estiba/testkit';
import { archive, layer } from '@estiba/testkit/archive';
import { expect, it } from 'vitest';
import { mountTmpfs } from '../../src/mount-tmpfs.ts';
import { SnapshotStore } from '../../src/snapshots/snapshot-store.ts';
import { entriesOf } from '../diff/entries.ts';
import { xattrs } from '../tree.ts';
import { type Backend, openStore, scratchOfStore } from './suite/stores.ts';

guard();

const ids = { inside: 0, outside: 100_000, count: 65_536 };
const owner = { uid: [ids], gid: [{ ...ids, outside: 200_000 }] };
const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
const base = archive(
  { name: './', type: '5', uid: 5, gid: 6 },
  { name: 'file', uid: 1000, gid: 1001, content: 'x', pax: { 'SCHILY.xattr.security.capability': capability } },
  { name: 'link', type: '2', link: 'file', uid: 1002 },
  { name: 'dir/', type: '5', uid: 7, gid: 8 },
);
const above = () => layer({ name: 'dir/alias', type: '1', link: 'file' }, { name: 'implicit/new', uid: 1, gid: 2 });

function shifting(backend: Backend): void {
  it('shows all that is in a layer as of others, and what leans on it, without shifting that twice', async () => {
    using folder = scratchOfStore();
    const store = await SnapshotStore.open(folder.join('store'), { backend, durable: false, owner });
    expect(store.owner).toEqual(owner);
    await store.commit('sha256:one', Readable.from([base]));
    await store.commit('sha256:two', above(), { parent: 'sha256:one' });
    const snapshot = await store.prepare('mine', { parent: 'sha256:two' });
    await using merged = await snapshot.mount(folder.join('merged'));
    const paths = ['', '/file', '/link', '/dir', '/dir/alias', '/implicit', '/implicit/new'];
    expect(owners(merged.path, paths)).toEqual([
      '100005:200006',
      '101000:201001',
      '101002:200000',
      '100007:200008',
      '101000:201001',
      '100000:200000',
      '100001:200002',
    ]);
    // A capability counts for the root of that namespace only.
    expect(xattrs(`${merged.path}/file`)).toEqual([
      'security.capability=0100000300040000000000000000000000000000a0860100',
    ]);
  });

  it('gives what was written as a layer with the owners that a container sees', async () => {
    using folder = scratchOfStore();
    const store = await SnapshotStore.open(folder.join('store'), { backend, durable: false, owner });
    await store.commit('sha256:one', Readable.from([base]));
    const snapshot = await store.prepare('mine', { parent: 'sha256:one' });
    {
      await using merged = await snapshot.mount(folder.join('merged'));
      chownSync(`${merged.path}/dir`, 100_009, 200_009);
      writeFileSync(`${merged.path}/dir/new`, '');
      chownSync(`${merged.path}/dir/new`, 101_000, 200_010);
      // Copied up, and the same as before.
      chmodSync(`${merged.path}/file`, 0o644);
    }
    const entries = await entriesOf(snapshot.diff({ dropEqual: true }));
    const seen = entries.map(({ name, uid, gid }) => `${name} ${uid}:${gid}`);
    expect(seen).toEqual(['./ 5:6', 'dir/ 9:9', 'dir/new 1000:10']);
  });

  it('has the root of that namespace for the root of what stands on nothing', async () => {
    using folder = scratchOfStore();
    const store = await SnapshotStore.open(folder.join('store'), { backend, durable: false, owner });
    const snapshot = await store.prepare('mine');
    await using merged = await snapshot.mount(folder.join('merged'));
    expect(owners(merged.path, [''])).toEqual(['100000:200000']);
  });

  it('does not take a layer with an id that has no place there', async () => {
    using folder = scratchOfStore();
    const store = await SnapshotStore.open(folder.join('store'), { backend, durable: false, owner });
    const commit = store.commit('sha256:one', layer({ name: 'a', uid: 70_000 }));
    await expect(commit).rejects.toMatchObject({ code: 'LAYER_REFUSED', entry: 'a' });
    expect(await store.has('sha256:one')).toBe(false);
  });
}

requires({ on: ['host', 'uml'], root: true, overlay: true })('a store of directories with shifted owners', () => {
  shifting('directory');

  it('stays one: it is opened without them, and not with others', async () => {
    using folder = scratchOfStore();
    await SnapshotStore.open(folder.path, { backend: 'directory', owner });
    expect((await openStore(folder.path, 'directory')).owner).toEqual(owner);
    const other = { ...owner, uid: [{ ...ids, outside: 300_000 }] };
    await expect(SnapshotStore.open(folder.path, { owner: other })).rejects.toMatchObject({
      code: 'NAME_INVALID',
      message: `cannot open the store ${folder.path} with owners shifted by users 0 to 300000 (65536); groups 0 to 200000 (65536): it shifts owners by users 0 to 100000 (65536); groups 0 to 200000 (65536); leave owner out, or use another directory`,
    });
  });

  it('is not made of one that keeps them, new or with layers of before that was noted', async () => {
    using folder = scratchOfStore();
    const message = expect.stringContaining('it keeps owners as layers have them; leave owner out');
    await openStore(folder.join('new'), 'directory');
    const opened = SnapshotStore.open(folder.join('new'), { owner });
    await expect(opened).rejects.toMatchObject({ code: 'NAME_INVALID', message });
    const store = await openStore(folder.join('old'), 'directory');
    await store.commit('sha256:one', layer({ name: 'a' }));
    rmSync(folder.join('old/store.json'));
    const again = SnapshotStore.open(folder.join('old'), { owner });
    await expect(again).rejects.toMatchObject({ code: 'NAME_INVALID', message });
  });

  it('says which note it cannot read', async () => {
    using folder = scratchOfStore();
    await openStore(folder.path, 'directory');
    writeFileSync(folder.join('store.json'), '{"version": 1, "owner": {"uid": []}}');
    await expect(openStore(folder.path, 'directory')).rejects.toMatchObject({
      code: 'STORE_DAMAGED',
      message: expect.stringContaining(`${folder.path}/store.json`),
    });
  });

  it('gives what stands on nothing to whom its note says, also when whoever decided came no further', async () => {
    using folder = scratchOfStore();
    await SnapshotStore.open(folder.path, { backend: 'directory', owner });
    chownSync(folder.join('empty'), 0, 0);
    await openStore(folder.path, 'directory');
    expect(owners(folder.path, ['/empty', '/layers'])).toEqual(['100000:200000', '0:0']);
    writeFileSync(folder.join('store.json'), '{"version": 1}');
    await openStore(folder.path, 'directory');
    expect(owners(folder.path, ['/empty', '/layers'])).toEqual(['0:0', '0:0']);
  });

  it('gives nothing away before that is noted', async () => {
    using folder = scratchOfStore();
    const target = folder.join('small');
    // Room for itself, the five directories of a store, one to work in, and no note.
    await using small = await mountTmpfs(target, { inodes: 7 });
    const opened = SnapshotStore.open(small.path, { backend: 'directory', durable: false, owner });
    await expect(opened).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(existsSync(`${target}/store.json`)).toBe(false);
    expect(owners(target, ['/empty'])).toEqual(['0:0']);
  });

  it('takes maps that are some', async () => {
    using folder = scratchOfStore();
    const wrong = { ...owner, uid: [{ ...ids, inside: 1 }] };
    await expect(SnapshotStore.open(folder.path, { owner: wrong })).rejects.toMatchObject({
      code: 'NAME_INVALID',
      message: 'cannot shift owners: the uid map has no place for root, 0',
    });
  });
});

requires({ on: ['host'], root: true, kernel: '6.12' })('a store of images with shifted owners', () => {
  shifting('erofs');

  it('gives back a layer byte for byte', async () => {
    using folder = scratchOfStore();
    const store = await SnapshotStore.open(folder.path, { backend: 'erofs', durable: false, owner });
    await store.commit('sha256:one', Readable.from([base]));
    expect((await buffer(await store.export('sha256:one'))).equals(base)).toBe(true);
  });
});

requires({ on: ['host', 'uml'], command: 'setpriv' })('an ordinary user', () => {
  it('is told that shifting owners takes root', async () => {
    using folder = scratchOfStore();
    chmodSync(folder.path, 0o777);
    const script = `
      const { SnapshotStore } = await import(process.cwd() + '/packages/unionfs/src/index.ts');
      await SnapshotStore.open(process.argv[1], { owner: ${JSON.stringify(owner)} }).catch((error) => console.log(error.code, error.message));`;
    const node = ['node', '--conditions=estiba-source', '--input-type=module', '-e', script, folder.join('store')];
    const { stdout } = await unprivileged(node, { uid: process.geteuid?.() || 65534 });
    expect(existsSync(folder.join('store/store.json'))).toBe(false);
    expect(stdout).toMatch(/^LAYER_REFUSED cannot keep layers in .*\/store with shifted owners: EPERM.*takes root$/m);
  });
});

function owners(root: string, paths: readonly string[]): string[] {
  return paths.map((path) => lstatSync(root + path)).map(({ uid, gid }) => `${uid}:${gid}`);
}
