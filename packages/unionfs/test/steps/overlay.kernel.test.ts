import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { moveMount, SyscallError } from '@estiba/syscalls';
import { guard, requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { mountOverlay, overlay, overlayTree, UnionfsError } from '../../src/index.ts';
import { mountBind } from '../../src/mount-bind.ts';
import { mountTmpfs } from '../../src/mount-tmpfs.ts';
import { mounts } from '../../src/mounts/mountinfo.ts';
import { mounting, overlayOptions, shell } from '../mounting.ts';
import { scratchOfLayers } from '../scratch-of-layers.ts';

guard();

// Before Linux 6.8 the kernel takes the paths of all of them in one text.
requires({ on: ['host'], ...mounting, kernel: '6.8' })('the 100 layers of an overlay', () => {
  it('may have long paths', async () => {
    using folder = scratchOfLayers('mounts');
    const merged = overlay({ lower: layersIn(folder.path, 100, 150), target: folder.join('merged'), ...told });
    expect(await shell(merged, `cat ${folder.join('merged')}/file`)).toBe('0');
  });
});

requires({ on: ['host', 'uml'], ...mounting })('the layers of an overlay', () => {
  it('may have paths of a page together on any kernel', async () => {
    using folder = scratchOfLayers('mounts');
    const target = folder.join('merged');
    const merged = overlay({ lower: layersIn(folder.path, 30, 80), target, ...told });
    expect(await shell(merged, `cat ${target}/file; stat -f -c %T ${target}`)).toBe('0overlayfs\n');
  });

  it('may have paths of a page together by way of a passage, where nothing stays', async () => {
    using folder = scratchOfLayers('mounts');
    const [passage, target] = [folder.join('passage'), folder.join('merged')];
    for (const path of [passage, target]) mkdirSync(path);
    const { steps, tree } = overlayTree({ lower: layersIn(folder.path, 30, 80), passage, ...told });
    const script = `cat ${target}/file; grep -c ${passage} /proc/self/mountinfo || true`;
    expect(await shell([steps, moveMount(tree, target)], script)).toBe('00\n');
  });

  it('and its other directories may have colons, commas and backslashes in their names', async () => {
    using folder = scratchOfLayers('mounts');
    const strange = 'a:b,c\\d e\\:f';
    const [one, two, upper, work] = ['one', 'two', 'upper', 'work'].map((name) => folder.join(name, strange)) as Four;
    for (const path of [one, two, upper, work]) mkdirSync(path, { recursive: true });
    writeFileSync(join(two, 'file'), 'below');
    const target = folder.join('merged');
    const merged = overlay({ lower: [one, two], upper, work, target, ...told });
    expect(await shell(merged, `cat ${target}/file; echo above > ${target}/file`)).toBe('below');
    expect(readFileSync(join(upper, 'file'), 'utf8')).toBe('above\n');
  });
});

requires({ on: ['host', 'uml'], root: true, overlay: true })('the options of an overlay', () => {
  it('are those that were asked for', async () => {
    using folder = scratchOfLayers('mounts');
    await using merged = await mountOverlay({
      ...placesIn(folder.path),
      volatile: true,
      index: true,
      redirectDir: 'on',
      metacopy: true,
      xino: 'auto',
      attributes: ['nosuid', 'nodev', 'noatime'],
    });
    const [mounted] = (await mounts()).filter(({ target }) => target === merged.path);
    expect(mounted?.options).toEqual(expect.arrayContaining(['index=on', 'redirect_dir=on', 'metacopy=on']));
    // Newer kernels say it as `fsync=volatile`.
    expect(mounted?.options.some((option) => option.endsWith('volatile'))).toBe(true);
    const line = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .find((text) => text.includes(` ${merged.path} `));
    expect(line?.split(' ')[5]).toBe('rw,nosuid,nodev,noatime');
  });

  it('can all be said where marks are those of a user', async () => {
    using folder = scratchOfLayers('mounts');
    const options = { userxattr: true, index: false, redirectDir: 'nofollow', metacopy: false, xino: 'off' } as const;
    await using merged = await mountOverlay({ ...placesIn(folder.path), ...options });
    expect((await mounts()).find(({ target }) => target === merged.path)?.options).toContain('userxattr');
  });
});

requires({ on: ['host', 'uml'], root: true, overlay: true })('an overlay that the kernel refuses', () => {
  const refusal = async (options: Parameters<typeof mountOverlay>[0]) => {
    const error = await mountOverlay(options).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(UnionfsError);
    expect(error).toMatchObject({ code: 'OVERLAY_UNSUPPORTED', cause: expect.any(SyscallError) });
    return (error as UnionfsError).message;
  };

  it('because a volatile one was there before, says what to remove', async () => {
    using folder = scratchOfLayers('mounts');
    const places = placesIn(folder.path);
    await (await mountOverlay({ ...places, volatile: true })).unmount();
    expect(await refusal(places)).toMatch(
      /^cannot mount an overlay on .*\/merged: EINVAL, .*\/upper was mounted as volatile before.*; start with empty directories, or remove .*\/work\/work\/incompat\/volatile if/,
    );
    rmSync(join(places.work, 'work/incompat/volatile'), { recursive: true });
    await (await mountOverlay(places)).unmount();
  });

  it('because of where its directories lie, says so', async () => {
    using folder = scratchOfLayers('mounts');
    const places = placesIn(folder.path);
    await using memory = await mountTmpfs(folder.join('memory'));
    expect(await refusal({ ...places, work: join(memory.path, 'work') })).toMatch(/have to be on the same mount: /);
    expect(await refusal({ ...places, work: join(places.upper, 'work') })).toMatch(/lie in each other; /);
    await using below = await mountOverlay(placesIn(memory.path));
    expect(await refusal({ ...places, upper: join(below.path, 'u'), work: join(below.path, 'w') })).toMatch(
      /merged\/u lies on overlayfs, .*; choose a directory on ext4, xfs, btrfs or tmpfs/,
    );
    for (const name of ['u', 'w']) mkdirSync(join(memory.path, name));
    await using readonly = await mountBind(memory.path, folder.join('readonly'), { readonly: true });
    expect(await refusal({ ...places, upper: join(readonly.path, 'u'), work: join(readonly.path, 'w') })).toMatch(
      /is on a read-only mount; /,
    );
    expect(await refusal({ ...places, lower: [...places.lower, ...places.lower] })).toMatch(/given twice/);
  });

  it('because another one has the same upper directory, says so when there is an index', async () => {
    using folder = scratchOfLayers('mounts');
    const places = { ...placesIn(folder.path), index: true };
    await using _first = await mountOverlay(places);
    expect(await refusal({ ...places, target: folder.join('second') })).toMatch(/in use by another overlay; /);
  });

  it('because its upper directory belongs to others, says so when there is an index', async () => {
    using folder = scratchOfLayers('mounts');
    const places = { ...placesIn(folder.path), index: true };
    await (await mountOverlay(places)).unmount();
    mkdirSync(folder.join('other'));
    expect(await refusal({ ...places, lower: [folder.join('other')] })).toMatch(/with an index over other lower/);
  });
});

type Four = [string, string, string, string];
const told = { options: overlayOptions };

function placesIn(path: string) {
  const [lower, upper, work, target] = ['lower', 'upper', 'work', 'merged'].map((name) => join(path, name)) as Four;
  mkdirSync(lower, { recursive: true });
  return { lower: [lower], upper, work, target };
}

/** So many, with names of that length; what is in the first shows. */
function layersIn(path: string, count: number, length: number): string[] {
  const lower = Array.from({ length: count }, (_, at) => join(path, `${'l'.repeat(length)}${at}`));
  for (const [at, directory] of lower.entries()) {
    mkdirSync(directory);
    writeFileSync(join(directory, 'file'), String(at));
  }
  return lower;
}
