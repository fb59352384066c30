import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { guard, requires, unprivileged } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { leftInOnePlace } from './suite/left-in-one-place.ts';
import { leftMounted } from './suite/left-mounted.ts';
import { otherProcess, scratchOfStore } from './suite/stores.ts';

guard();

requires({ on: ['host', 'uml'], root: true, overlay: true })('a store of directories', () => {
  leftMounted('directory');
  leftInOnePlace('directory');
});

requires({ on: ['host'], root: true, overlay: true, kernel: '6.12' })('a store of images', () => {
  leftMounted('erofs');
  leftInOnePlace('erofs');
});

requires({ on: ['host', 'uml'], root: true, overlay: true, command: 'setpriv' })('a store of an ordinary user', () => {
  it('tells him what he may not unmount, or even reach, and is pruned all the same', async () => {
    using folder = scratchOfStore();
    const user = 65534;
    for (const path of ['store', 'closed']) mkdirSync(folder.join(path));
    chownSync(folder.join('store'), user, user);
    const asUser = async (script: string) => {
      const prelude = `
        const { SnapshotStore } = await import(process.cwd() + '/packages/unionfs/src/snapshots/snapshot-store.ts');
        const { layer } = await import(process.cwd() + '/packages/testkit/src/archive.ts');
        const store = await SnapshotStore.open(process.argv[1], { durable: false });`;
      const args = ['--conditions=estiba-source', '--input-type=module', '-e', prelude + script, folder.join('store')];
      const { stdout, stderr, exitCode } = await unprivileged(['node', ...args], { uid: user });
      expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
      return stdout;
    };
    await asUser(`
      for (const id of ['sha256:one', 'sha256:two']) await store.commit(id, layer({ name: 'file' }));
      for (const name of ['mine', 'other']) await store.prepare(name, { parent: 'sha256:one' });`);
    const mounting = `
      const folder = process.argv[1].replace(/.store$/, '');
      await (await store.snapshot('mine')).mount(folder + '/merged');
      await (await store.snapshot('other')).mount(folder + '/closed/merged');
      console.log('mounted');
      await told();`;
    const root = otherProcess(folder.join('store'), 'directory', mounting);
    try {
      expect(await root.said()).toBe('mounted');
    } finally {
      await root.kill();
    }
    chmodSync(folder.join('closed'), 0o700);
    const pruned = await asUser(`console.log(JSON.stringify(await store.prune({ keep: [], unmount: true })));`);
    const { mounted, unmounted, removed } = JSON.parse(pruned);
    expect(mounted.map(({ target, owner }: { target: string; owner: string }) => `${target} ${owner}`).sort()).toEqual([
      `${folder.join('closed/merged')} ended`,
      `${folder.join('merged')} ended`,
    ]);
    expect([unmounted, removed]).toEqual([[], ['sha256:two']]);
  });
});
