import { chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { launch, perform, umount } from '@estiba/syscalls';
import { guard, requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { mountBind } from '../../src/mount-bind.ts';
import { mountOverlay } from '../../src/mount-overlay.ts';
import { mountTmpfs } from '../../src/mount-tmpfs.ts';
import type { Mounted } from '../../src/mounts/mounted.ts';
import { kernelHas } from '../../src/steps/kernel.ts';
import { overlayIdmapped } from '../../src/steps/overlay-idmapped.ts';
import { userNamespace } from '../mounting.ts';
import { scratchOfLayers } from '../scratch-of-layers.ts';

guard();

requires({ on: ['host', 'uml'], root: true, overlay: true })('an id map', () => {
  it('shows the files of a bind as those of others, and takes theirs back', async () => {
    using folder = scratchOfLayers('idmapped');
    using namespace = await userNamespace(100_000);
    await using memory = await capable(folder.join('memory'));
    writeFileSync(`${memory.path}/file`, '');
    chownSync(`${memory.path}/file`, 5, 6);
    await using bound = await mountBind(memory.path, folder.join('bound'), { idmap: namespace, recursive: true });
    expect(statSync(`${bound.path}/file`)).toMatchObject({ uid: 100_005, gid: 100_006 });
    chownSync(`${bound.path}/file`, 100_007, 100_008);
    expect(statSync(`${memory.path}/file`)).toMatchObject({ uid: 7, gid: 8 });
  });

  it('by the path of a user namespace is that of the namespace', async () => {
    using folder = scratchOfLayers('idmapped');
    using namespace = await userNamespace(200_000);
    await using memory = await capable(folder.join('memory'));
    await using bound = await mountBind(memory.path, folder.join('bound'), {
      idmap: `/proc/self/fd/${namespace.number}`,
    });
    expect(statSync(bound.path)).toMatchObject({ uid: 200_000, gid: 200_000 });
  });

  it('of a place that is given as lower directory shows through an overlay', async () => {
    using folder = scratchOfLayers('idmapped');
    using namespace = await userNamespace(100_000);
    await using memory = await capable(folder.join('memory'));
    mkdirSync(`${memory.path}/below`);
    writeFileSync(`${memory.path}/below/file`, 'x');
    await using bound = await mountBind(memory.path, folder.join('bound'), { idmap: namespace });
    const [upper, work] = [`${memory.path}/upper`, `${memory.path}/work`];
    await using merged = await mountOverlay({
      lower: [`${bound.path}/below`],
      upper,
      work,
      target: folder.join('merged'),
    });
    expect(statSync(`${merged.path}/file`)).toMatchObject({ uid: 100_000, gid: 100_000 });
    writeFileSync(`${merged.path}/file`, 'changed');
    expect(statSync(`${upper}/file`)).toMatchObject({ uid: 100_000, gid: 100_000 });
  });

  it('of many lower directories takes paths no longer than theirs, wherever these are shown', async () => {
    using folder = scratchOfLayers('idmapped');
    using namespace = await userNamespace(100_000);
    await using memory = await capable(folder.join('memory'));
    // Short enough for the page that mount(2) takes before Linux 6.8, but not with the way in place of each.
    const lower = Array.from({ length: 40 }, (_, at) => `${memory.path}/${at}`);
    for (const path of lower) {
      mkdirSync(path);
      writeFileSync(`${path}/file`, path);
    }
    const passage = folder.join('passage'.padEnd(120, '-'));
    mkdirSync(passage);
    const [upper, work, target] = [`${memory.path}/upper`, `${memory.path}/work`, folder.join('merged')];
    for (const path of [upper, work]) mkdirSync(path);
    const options = { lower, upper, work, passage, target, source: 'overlay', lowerIdmap: namespace };
    // What mountOverlay does from Linux 5.19 to 6.14.
    await using child = await launch(overlayIdmapped(options));
    await child.wait();
    try {
      expect(readFileSync(`${target}/file`, 'utf8')).toBe(lower[0]);
      expect(statSync(`${target}/file`)).toMatchObject({ uid: 100_000, gid: 100_000 });
    } finally {
      perform([umount(target, ['nofollow', 'detach'])]);
    }
  });

  it('that a file system does not take is refused, with a word on those that do', async () => {
    using folder = scratchOfLayers('idmapped');
    using namespace = await userNamespace(100_000);
    await expect(mountBind('/proc', folder.join('bound'), { idmap: namespace })).rejects.toMatchObject({
      name: 'SyscallError',
      code: 'EINVAL',
      message: expect.stringMatching(
        /^bind \/proc to .*\/bound: cannot show it by an id map: EINVAL, .*0x9fa0.*; ext4/,
      ),
    });
  });
});

requires({ on: ['host'], root: true, overlay: true, kernel: '6.15' })('the lower directories of an overlay', () => {
  it('show their owners by an id map, without a place of their own', async () => {
    using folder = scratchOfLayers('idmapped');
    using namespace = await userNamespace(100_000);
    await using memory = await mountTmpfs(folder.join('memory'));
    const [one, two, upper, work] = ['one', 'two', 'upper', 'work'].map((name) => `${memory.path}/${name}`) as [
      string,
      string,
      string,
      string,
    ];
    for (const path of [one, two]) {
      mkdirSync(path);
      writeFileSync(`${path}/file`, path);
      writeFileSync(`${path}/in ${path.slice(-3)}`, '');
    }
    const target = folder.join('merged');
    {
      await using merged = await mountOverlay({ lower: [one, two], upper, work, lowerIdmap: namespace, target });
      for (const name of ['file', 'in one', 'in two'])
        expect(statSync(`${merged.path}/${name}`)).toMatchObject({ uid: 100_000, gid: 100_000 });
      writeFileSync(`${merged.path}/file`, 'changed');
      expect(statSync(`${upper}/file`)).toMatchObject({ uid: 100_000, gid: 100_000 });
    }
    await using alone = await mountOverlay({ lower: [one], lowerIdmap: namespace, target });
    expect(statSync(`${alone.path}/file`)).toMatchObject({ uid: 100_000, gid: 100_000 });
  });
});

/** A directory on a file system that takes id maps: a tmpfs does since Linux 6.3, and guests have ext4. */
async function capable(path: string): Promise<Mounted> {
  if (kernelHas(6, 3)) return await mountTmpfs(path);
  mkdirSync(path);
  return { path, unmount: async () => {}, [Symbol.asyncDispose]: async () => {} };
}
