import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import './watching.ts';
import { hold } from './holding.ts';
import { startInside } from './inside.ts';
import { disk, readInside } from './page-cache.ts';
import { swapDevice } from './swap-device.ts';
import { collect, eat, sum } from './told.ts';
import { mountinfo, place } from './views.ts';

const MiB = 1024 ** 2;
/** A megabyte takes this kernel up to half a second. */
const patient = { timeout: 25_000 };

requires({ on: ['uml', 'qemu'], cgroup: ['memory'] })('events of v2 alone', () => {
  const { create } = place(mountinfo);

  test('memory.high is told of while it throttles', async () => {
    await using group = await create({ memory: { high: '8MiB', max: '16MiB', swap: 0 } });
    const iterator = group.events({ types: ['memory-high'] });
    const hog = await startInside(group, 'dd', 'if=/dev/zero', 'of=/dev/null', 'bs=128M', 'count=1');
    expect((await group.stat()).memory.max).toBe(16 * MiB);
    hog.go();
    expect((await iterator.next()).value).toMatchObject({ type: 'memory-high' });
    await iterator.return?.();
    await group.kill();
    await hog.ended;
  });

  test('a cgroup at its limit that is killed as a whole is told of both', async () => {
    await using group = await create({ memory: { max: '16MiB', swap: 0, oomGroup: true } });
    const told = collect(group);
    await eat(group);
    await expect.poll(() => sum(told.events, 'oom-group-kill'), { timeout: 20_000 }).toBe(1);
    expect(sum(told.events, 'memory-max')).toBeGreaterThan(0);
    await told.stop();
  });
});

requires({ on: ['uml'], cgroup: ['memory'], root: true })('events of protected memory', () => {
  const { create } = place(mountinfo);

  test('who is protected and has to give all the same is told of, and nobody before', async () => {
    await using above = await create({ memory: { max: '48MiB' } });
    const guarded = await above.child('guarded', { memory: { low: '64MiB' } });
    const greedy = await above.child('greedy', { memory: {} });
    using files = disk();
    const told = collect(guarded, ['memory-low']);
    await readInside(guarded, files.file(24));
    await readInside(greedy, files.file(100));
    expect((await guarded.stat()).memory.current).toBeGreaterThan(22 * MiB);
    expect(told.events).toEqual([]);
    // When all are protected, nobody is.
    await greedy.set({ memory: { low: '64MiB' } });
    await readInside(greedy, files.file(100));
    await expect.poll(() => sum(told.events, 'memory-low'), patient).toBeGreaterThan(0);
    expect((await guarded.stat()).memory.current).toBeLessThan(22 * MiB);
    await told.stop();
  });
});

requires({ on: ['uml'], cgroup: ['memory'], root: true, command: ['mkswap', 'swapon', 'losetup'] })(
  'events of swap',
  () => {
    const { create } = place(mountinfo);
    swapDevice();

    test('swap that passes its limit is told of, as a limit and as a failure', async () => {
      await using group = await create({ memory: { max: '16MiB', swap: '4MiB' } });
      const told = collect(group, ['swap-high', 'swap-max', 'swap-fail']);
      await hold(group, 32);
      await expect.poll(() => sum(told.events, 'swap-max'), patient).toBeGreaterThan(0);
      await expect.poll(() => sum(told.events, 'swap-fail'), patient).toBeGreaterThan(0);
      await told.stop();
      expect(sum(told.events, 'swap-high')).toBe(0);
    });

    test('swap that passes swapHigh is told of as often as it did', async () => {
      await using group = await create({ memory: { max: '16MiB', swap: '64MiB', swapHigh: '1MiB' } });
      const told = collect(group, ['swap-high', 'swap-max', 'swap-fail']);
      await hold(group, 20);
      const counted = async () => (await group.stat()).memory.swap.events.high;
      await expect.poll(() => sum(told.events, 'swap-high'), patient).toBeGreaterThan(0);
      await group.kill();
      await expect.poll(async () => sum(told.events, 'swap-high') === (await counted()), patient).toBe(true);
      await told.stop();
      expect(new Set(told.events.map(({ type }) => type))).toEqual(new Set(['swap-high']));
    });
  },
);
