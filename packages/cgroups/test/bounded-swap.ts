import { expect, test } from 'vitest';
import type { Cgroup, Limits } from '../src/index.ts';
import { hold, swapped } from './holding.ts';

const MiB = 1024 ** 2;
/** A megabyte takes this kernel up to half a second. */
const patient = { timeout: 25_000 };

/** What holds on v2 as on v1, on a machine that has swap. */
export function boundedSwap(create: (limits: Limits) => Promise<Cgroup>): void {
  test('without swap a process ends at its limit', async () => {
    await using group = await create({ memory: { max: '16MiB', swap: 0 } });
    await hold(group, 32);
    await expect.poll(() => group.oomKills(), patient).toBe(1);
    expect((await group.stat()).memory.swap).toMatchObject({ current: 0, max: 0 });
  });

  test('with less swap than it needs too', async () => {
    await using group = await create({ memory: { max: '16MiB', swap: '4MiB' } });
    await hold(group, 32);
    await expect.poll(() => group.oomKills(), patient).toBe(1);
    const { swap } = (await group.stat()).memory;
    expect(swap.max).toBe(4 * MiB);
    expect(swap.current).toBeLessThanOrEqual(4 * MiB);
  });

  test('with enough it lives, and its swap is counted', async () => {
    await using group = await create({ memory: { max: '16MiB', swap: '64MiB' } });
    await hold(group, 32);
    await expect.poll(() => swapped(group), patient).toBeGreaterThan(14 * MiB);
    const { memory } = await group.stat();
    expect(memory.oomKills).toBe(0);
    expect(memory.current).toBeLessThanOrEqual(16 * MiB);
    expect(memory.swap.current).toBeLessThan(40 * MiB);
  });
}
