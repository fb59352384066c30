import { setTimeout as sleep } from 'node:timers/promises';
import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import './watching.ts';
import { boundedSwap } from './bounded-swap.ts';
import { hold, swapped } from './holding.ts';
import { disk, readInside } from './page-cache.ts';
import { beginReclaim, leaveFree } from './scarce-memory.ts';
import { swapDevice } from './swap-device.ts';
import { mountinfo, place } from './views.ts';

const MiB = 1024 ** 2;
const patient = { timeout: 25_000 };

// A guest whose cgroup v1 has memory, and that may be given swap: `npm run test:uml -- v1`.
const swaps = ['mkswap', 'swapon', 'losetup'] as const;
const onV1 = requires({ on: ['uml'], root: true, path: '/run/cgroup/memory', cgroup: ['memory'], command: swaps });
onV1('swap on v1', () => {
  const { create } = place(mountinfo);
  swapDevice();

  boundedSwap(create);

  test('the limit of memory and swap together is the one that is met', async () => {
    await using group = await create({ memory: { max: '16MiB', swap: 0 } });
    const events = group.events({ types: ['memory-max'], signal: AbortSignal.timeout(patient.timeout) });
    await hold(group, 32);
    expect((await events.next()).value).toMatchObject({ type: 'memory-max' });
    await events.return?.();
  });

  test('both are told together, too', async () => {
    await using group = await create({ memory: { max: '16MiB', swap: '64MiB' } });
    await hold(group, 32);
    await expect.poll(() => swapped(group), patient).toBeGreaterThan(14 * MiB);
    const { memory } = await group.stat();
    // Read one after the other, while it goes on.
    const { memoryAndSwap } = memory.v1 ?? {};
    expect(memoryAndSwap?.current).toBeGreaterThan(memory.swap.current + 8 * MiB);
    expect(memoryAndSwap?.max).toBe(80 * MiB);
  });

  test('a lower limit swaps out what is too much, and the allowance for swap stays', async () => {
    await using group = await create({ memory: { max: '64MiB', swap: '32MiB' } });
    await hold(group, 24);
    await expect.poll(async () => (await group.stat()).memory.current, patient).toBeGreaterThan(24 * MiB);
    expect(await swapped(group)).toBe(0);
    await group.set({ memory: { max: '12MiB' } });
    const { memory } = await group.stat();
    expect(memory).toMatchObject({ max: 12 * MiB, oomKills: 0, swap: { max: 32 * MiB } });
    expect(memory.swap.current).toBeGreaterThan(11 * MiB);
  });

  test('with a swappiness of 0 nothing is swapped out: a process ends at its limit', async () => {
    await using group = await create({ memory: { max: '16MiB', swap: '64MiB', swappiness: 0 } });
    await hold(group, 32);
    await expect.poll(() => group.oomKills(), patient).toBe(1);
    expect(await swapped(group)).toBe(0);
  });

  test('when memory is short above, the one with a swappiness of 0 keeps what it has', async () => {
    await using above = await create({ memory: { max: '48MiB', swap: '64MiB', swappiness: 100 } });
    const keeping = await above.child('keeping', { memory: { max: '64MiB', swappiness: 0 } });
    const giving = await above.child('giving', { memory: { max: '64MiB', swappiness: 100 } });
    for (const group of [keeping, giving]) {
      await hold(group, 16);
      await expect.poll(async () => (await group.stat()).memory.current, patient).toBeGreaterThan(16 * MiB);
    }
    await hold(await above.child('greedy', { memory: { max: '64MiB', swappiness: 100 } }), 32);
    await expect.poll(() => swapped(above), patient).toBeGreaterThan(16 * MiB);
    expect(await swapped(giving)).toBeGreaterThan(2 * MiB);
    expect(await swapped(keeping)).toBe(0);
    expect(await above.oomKills()).toBe(0);
  });
});

onV1('the soft limit of v1', () => {
  const { create } = place(mountinfo);

  test('when the machine is short of memory, who is beyond it gives first', { timeout: 60_000 }, async () => {
    await using beyond = await create({ memory: { low: '16MiB' } });
    await using below = await create({ memory: { low: '128MiB' } });
    using files = disk();
    const [large, small] = [files.file(150), files.file(50)];
    using _taken = leaveFree(320);
    await readInside(beyond, large);
    await readInside(below, small);
    expect((await beyond.stat()).memory.current).toBeGreaterThan(145 * MiB);
    expect((await below.stat()).memory.current).toBeGreaterThan(48 * MiB);
    using _reclaim = beginReclaim();
    await expect.poll(async () => (await beyond.stat()).memory.current, patient).toBeLessThan(130 * MiB);
    await sleep(500);
    expect((await below.stat()).memory.current).toBeGreaterThan(48 * MiB);
  });
});
