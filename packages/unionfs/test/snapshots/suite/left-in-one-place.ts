/** What holds of what a killed process has left mounted where others are, or come, however layers are stored. */
import { promises } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { type Fd, perform, syscall, umount } from '@estiba/syscalls';
import { expect, it } from 'vitest';
import { mountIdAt, mountIdOf } from '../../../src/mounts/mount-of.ts';
import { tmpfsTree } from '../../../src/steps/tmpfs.ts';
import { mounting } from './left-mounted.ts';
import { type Backend, base, leaveBehind, mountedBelow, openStore, scratchOfStore } from './stores.ts';

export function leftInOnePlace(backend: Backend): void {
  it('unmounts what was left on one place, one on top of the other, and one in the other, all at once', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.join('store'), backend);
    await store.commit('sha256:one', base());
    const stacking = `
      const folder = process.argv[1].replace(/.store$/, '');
      for (const [name, place] of [['a', 'merged'], ['b', 'merged'], ['c', 'merged/etc']])
        await (await store.prepare(name, { parent: 'sha256:one' })).mount(folder + '/' + place);
      console.log('mounted');
      await told();`;
    await leaveBehind(folder.join('store'), backend, stacking);
    const [merged, inner] = [folder.join('merged'), folder.join('merged/etc')];
    await expect((await store.snapshot('a')).remove()).rejects.toThrow('by a process that has ended');
    const found = await store.prune({ keep: [] });
    expect(found.mounted.map(({ target, owner }) => `${target} ${owner}`)).toEqual(
      [inner, merged, merged].map((target) => `${target} ended`),
    );
    expect(await store.prune({ keep: [], unmount: true })).toMatchObject({
      mounted: [],
      unmounted: [inner, merged, merged],
    });
    expect(mountedBelow(merged)).toEqual([]);
    for (const name of await store.snapshots()) await (await store.snapshot(name)).remove();
  });

  it('unmounts nothing that has come in the place of what was left, though its number is the same', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.join('store'), backend);
    await store.commit('sha256:one', base());
    await leaveBehind(folder.join('store'), backend, mounting);
    const merged = folder.join('merged');
    const number = mountIdAt(merged);
    const replace = () => {
      perform([umount(merged, ['nofollow'])]);
      const made: Fd[] = [];
      // The lowest that is free, once it is.
      while (made.length < 1000 && (made.length === 0 || mountIdOf(made.at(-1) as Fd) !== number)) {
        const { steps, tree } = tmpfsTree();
        made.push(perform(steps, { keep: [tree] }).fd(tree));
      }
      const [AT_FDCWD, MOVE_MOUNT_F_EMPTY_PATH] = [-100, 4];
      perform([syscall('move_mount', made.at(-1), '', AT_FDCWD, merged, MOVE_MOUNT_F_EMPTY_PATH)]);
      for (const fd of made) fd.close();
    };
    // After the mounts have been read, and before they are unmounted.
    using _replacing = beforeReading(folder.join('store/snapshots'), replace);
    const { unmounted } = await store.prune({ keep: [], unmount: true });
    expect(mountIdAt(merged)).toBe(number);
    expect(unmounted).toEqual([folder.join('seen')]);
    expect(mountedBelow(folder.path)).toContain(merged);
  });
}

/** Does something when a directory is read for the first time. */
function beforeReading(directory: string, action: () => void): Disposable {
  const { readdir } = promises;
  let done = false;
  const put = (replacement: unknown) => {
    Object.assign(promises, { readdir: replacement });
    syncBuiltinESMExports();
  };
  put((path: string, ...rest: []) => {
    if (path === directory && !done) {
      done = true;
      action();
    }
    return readdir(path, ...rest);
  });
  return { [Symbol.dispose]: () => put(readdir) };
}
