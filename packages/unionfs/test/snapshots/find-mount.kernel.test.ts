import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { guard, requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { mountBind } from '../../src/mount-bind.ts';
import { mountOverlay } from '../../src/mount-overlay.ts';
import { base, openStore, scratchOfStore } from './suite/stores.ts';

guard();

requires({ on: ['host', 'uml'], root: true, overlay: true })('a snapshot that is mounted is not removed', () => {
  it('though its path has a space', () => expectToStay('with space'));

  it.each(['back\\slash', 'col:on', 'new\nline', 'größe'])('though its path is like %j', (name) => expectToStay(name));

  it('nor mounted a second time, where both would write to it', async () => {
    using folder = scratchOfStore();
    const snapshot = await (await openStore(folder.path, 'directory')).prepare('mine');
    const [one, two] = [folder.join('one'), folder.join('two')];
    {
      await using _ = await snapshot.mount(one);
      await expect(snapshot.mount(two)).rejects.toMatchObject({
        code: 'SNAPSHOT_BUSY',
        message: expect.stringContaining(`it is mounted on ${one} already`),
      });
    }
    await using _ = await snapshot.mount(two);
  });

  it('through a symbolic link to its store', async () => {
    using folder = scratchOfStore();
    mkdirSync(folder.join('store'));
    symlinkSync('store', folder.join('link'));
    await expectToStayIn(folder.join('link'), folder.join('store'));
  });

  it('through a bind mount of its store', async () => {
    using folder = scratchOfStore();
    mkdirSync(folder.join('store'));
    await using bound = await mountBind(folder.join('store'), folder.join('bound'));
    await expectToStayIn(bound.path, folder.join('store'));
    await expectToStayIn(folder.join('store'), bound.path);
  });

  it('by paths that only another mount namespace has', async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.join('store'), 'directory');
    const { overlay, name } = await store.prepare('mine');
    for (const path of ['theirs', 'merged']) mkdirSync(folder.join(path));
    const directory = folder.join('theirs/snapshots/mine');
    const options = `lowerdir=${overlay.lower[0]},upperdir=${directory}/upper,workdir=${directory}/work`;
    const script = `mount --bind "$0/store" "$0/theirs" && mount -t overlay -o ${options} overlay "$0/merged" && echo ready && read _`;
    const args = ['--mount', 'sh', '-c', script, folder.path];
    const other = spawn('unshare', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const closed = new Promise((resolve) => other.on('close', resolve));
    try {
      await Promise.race([new Promise((resolve) => other.stdout.once('data', resolve)), closed]);
      await expect((await store.snapshot(name)).remove()).rejects.toMatchObject({
        code: 'SNAPSHOT_BUSY',
        message: expect.stringContaining(`in the mount namespace of process ${other.pid}`),
      });
    } finally {
      other.stdin.end();
      await closed;
    }
    await (await store.snapshot(name)).remove();
  });

  it('by whoever does so while it is being mounted: one of both fails', { timeout: 30_000 }, async () => {
    using folder = scratchOfStore();
    const store = await openStore(folder.path, 'directory');
    await store.commit('sha256:one', base());
    for (let round = 0; round < 20; round++) {
      const snapshot = await store.prepare('mine', { parent: 'sha256:one' });
      // Milliseconds: each looks at the mounts for a few of them, and either may be first.
      const [before, after] = round % 2 === 0 ? [(round % 10) / 4, 0] : [0, (round % 10) / 4];
      // Making so many directories takes a while, too.
      const target = folder.join(`merged-${round}`, ...Array(60).fill('d'));
      const mount = sleep(before).then(() => snapshot.mount(target));
      const remove = sleep(after).then(() => snapshot.remove());
      const [mounted, removed] = await Promise.allSettled([mount, remove]);
      if (mounted.status === 'fulfilled') {
        await using merged = mounted.value;
        expect(removed).toMatchObject({ status: 'rejected', reason: { code: 'SNAPSHOT_BUSY' } });
        writeFileSync(`${merged.path}/written`, 'x');
        expect(readFileSync(`${snapshot.overlay.upper}/written`, 'utf8')).toBe('x');
      } else {
        expect([mounted.reason.code, removed.status]).toEqual(['SNAPSHOT_MISSING', 'fulfilled']);
      }
      await snapshot.remove();
    }
  });
});

// Before Linux 6.5 options of mounts end at a comma.
requires({ on: ['host'], root: true, overlay: true, kernel: '6.5' })('a snapshot below a path with a comma', () => {
  it('cannot be removed while it is mounted', () => expectToStay('with space, comma'));
});

async function expectToStay(directory: string): Promise<void> {
  using folder = scratchOfStore();
  await expectToStayIn(folder.join(directory), folder.join(directory));
}

/** Mounted by one path to the store, removed by another. */
async function expectToStayIn(mounting: string, removing: string): Promise<void> {
  const [one, two] = [await openStore(mounting, 'directory'), await openStore(removing, 'directory')];
  const target = `${removing}-merged`;
  const asGiven = (path: string) => path.replace(removing, mounting);
  for (const { name, overlay } of [await one.prepare('mine'), await one.view('look')]) {
    const { lower, upper, work } = overlay;
    const own = upper === undefined || work === undefined ? {} : { upper: asGiven(upper), work: asGiven(work) };
    const snapshot = await two.snapshot(name);
    {
      await using _ = await mountOverlay({ ...overlay, ...own, lower: lower.map(asGiven), target });
      await expect(snapshot.remove()).rejects.toMatchObject({
        code: 'SNAPSHOT_BUSY',
        message: `cannot remove the snapshot ${name}: it is mounted on ${target}`,
      });
    }
    await snapshot.remove();
  }
  expect(await one.snapshots()).toEqual([]);
}
