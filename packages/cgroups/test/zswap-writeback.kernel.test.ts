import { existsSync } from 'node:fs';
import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import type { Cgroup, Limits } from '../src/index.ts';
import { hold, swapped } from './holding.ts';
import { isLinux } from './kernel-version.ts';
import { pagesWritten, swapDevice, zswap } from './swap-device.ts';
import { mountinfo, place } from './views.ts';

const MiB = 1024 ** 2;
const patient = { timeout: 25_000 };
const needs = { cgroup: ['memory'], root: true, command: ['mkswap', 'swapon', 'losetup'] };

requires({ on: ['uml', 'qemu'], ...needs })('the way from zswap to the disk', () => {
  const { create } = place(mountinfo);
  if (isLinux('6.8') && existsSync('/sys/module/zswap')) withWriteback(create);
  else
    test('can be closed since Linux 6.8; before, that is refused by name', async () => {
      await using group = await create();
      expect((await group.stat()).memory.zswap.writeback).toBeUndefined();
      await expect(group.set({ memory: { zswapWriteback: false } })).rejects.toMatchObject({
        code: 'CONTROLLER_UNAVAILABLE',
        message: expect.stringContaining('Linux 6.8'),
        value: '0',
      });
    });
});

function withWriteback(create: (limits: Limits) => Promise<Cgroup>): void {
  swapDevice();
  zswap();
  const memory = { max: '8MiB', swap: '64MiB' } as const;

  test('open, what zswap has no room for goes on to the disk', async () => {
    const written = pagesWritten();
    await using group = await create({ memory: { ...memory, zswap: '64KiB', zswapWriteback: true } });
    expect((await group.stat()).memory.zswap.writeback).toBe(true);
    await hold(group, 16);
    await expect.poll(() => swapped(group), patient).toBeGreaterThan(7 * MiB);
    const { oomKills, stat, zswap } = (await group.stat()).memory;
    expect(oomKills).toBe(0);
    expect(stat.zswpwb).toBeGreaterThan(0);
    expect(pagesWritten()).toBeGreaterThan(written);
    expect(zswap.current).toBeLessThanOrEqual(128 * 1024);
  });

  test('closed, it stays in memory, and the cgroup is at its limit', async () => {
    const written = pagesWritten();
    await using group = await create({ memory: { ...memory, zswap: '64KiB', zswapWriteback: false } });
    expect((await group.stat()).memory.zswap.writeback).toBe(false);
    await hold(group, 16);
    await expect.poll(() => group.oomKills(), patient).toBeGreaterThan(0);
    expect((await group.stat()).memory.stat.zswpwb).toBe(0);
    expect(pagesWritten()).toBe(written);
  });

  test('closed, what zswap has room for is still swapped out', async () => {
    const written = pagesWritten();
    await using group = await create({ memory: { ...memory, zswapWriteback: false } });
    await hold(group, 16);
    await expect.poll(() => swapped(group), patient).toBeGreaterThan(7 * MiB);
    const { oomKills, stat, zswap } = (await group.stat()).memory;
    expect(oomKills).toBe(0);
    expect(stat.zswpout).toBeGreaterThan(0);
    expect(pagesWritten()).toBe(written);
    expect(zswap.current).toBeGreaterThan(16 * 1024);
  });

  test('closed above is closed below', async () => {
    const written = pagesWritten();
    await using group = await create({ memory: { ...memory, zswap: 0, zswapWriteback: false } });
    const below = await group.child('inner', { memory: { max: '8MiB', zswapWriteback: true } });
    await hold(below, 16);
    await expect.poll(() => below.oomKills(), patient).toBeGreaterThan(0);
    expect(pagesWritten()).toBe(written);
  });
}
