import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import type { MemoryLimits } from '../src/index.ts';
import { boundedSwap } from './bounded-swap.ts';
import { hold, swapped } from './holding.ts';
import { swapDevice, zswap } from './swap-device.ts';
import { mountinfo, place } from './views.ts';

const MiB = 1024 ** 2;
/** A megabyte takes this kernel up to half a second. */
const patient = { timeout: 25_000 };

// The machine gets swap of its own, which only a guest may be given.
requires({ on: ['uml'], cgroup: ['memory'], root: true, command: ['mkswap', 'swapon', 'losetup'] })('swap', () => {
  const { create } = place(mountinfo);
  swapDevice();
  zswap();

  boundedSwap(create);

  test('a process can be made to swap before there is need', async () => {
    await using group = await create({ memory: { max: '64MiB', swap: '64MiB' } });
    await hold(group, 16);
    await expect.poll(async () => (await group.stat()).memory.current, patient).toBeGreaterThan(15 * MiB);
    expect(await swapped(group)).toBe(0);
    expect(await group.reclaim('8MiB')).toBeGreaterThan(4 * MiB);
    expect(await swapped(group)).toBeGreaterThan(4 * MiB);
  });

  test('beyond swapHigh a process is slowed down, and goes on when it is lifted', async () => {
    await using group = await create({ memory: { max: '16MiB', swap: '64MiB', swapHigh: '1MiB' } });
    await hold(group, 48);
    const slowed = async () => (await group.stat()).memory.swap.events.high;
    await expect.poll(slowed, patient).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect((await group.stat()).memory.swap.high).toBe(MiB);
    expect(await swapped(group)).toBeLessThan(16 * MiB);
    await group.set({ memory: { swapHigh: 'max' } });
    await expect.poll(() => swapped(group), patient).toBeGreaterThan(30 * MiB);
  });

  test.each<[string, MemoryLimits, boolean]>([
    ['is compressed first', {}, true],
    ['is not compressed when zswap is 0', { zswap: 0 }, false],
  ])('what is swapped out %s', async (_, limits, compressed) => {
    await using group = await create({ memory: { max: '16MiB', swap: '64MiB', ...limits } });
    await hold(group, 24);
    await expect.poll(() => swapped(group), patient).toBeGreaterThan(7 * MiB);
    const { memory } = await group.stat();
    if (compressed) expect(memory.zswap.current).toBeGreaterThan(16 * 1024);
    else expect(memory.zswap.current).toBe(0);
    expect(memory.zswap.max).toBe(limits.zswap ?? Number.POSITIVE_INFINITY);
  });
});
