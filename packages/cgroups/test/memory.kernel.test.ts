import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import type { Cgroup, MemoryLimits } from '../src/index.ts';
import { startInside } from './inside.ts';
import { disk, readInside } from './page-cache.ts';
import { isV2, mountinfo, place, views } from './views.ts';

const MiB = 1024 ** 2;

for (const [name, view] of views) {
  requires({ on: ['host', 'uml'], cgroup: ['memory'], root: true })(`memory, ${name}`, () => anyVersion(view));
}
requires({ on: ['uml'], cgroup: ['memory'], root: true })('memory on v2', onV2);
requires({ on: ['qemu'], cgroup: ['memory'], root: true })('memory of each node', () => {
  const { create } = place(mountinfo);

  test('what each node has is told beside the whole', async () => {
    await using group = await create({ memory: { oomGroup: true, high: '64MiB', low: '1MiB', min: 4096 } });
    const sleeper = await startInside(group, 'sleep', '60');
    sleeper.go();
    // The kernel adds up every two seconds.
    await expect.poll(async () => (await group.stat()).memory.nodes[0]?.anon, { timeout: 20_000 }).toBeGreaterThan(0);
    const { memory } = await group.stat();
    expect(Object.keys(memory.nodes)).toEqual(['0']);
    expect(memory).toMatchObject({
      oomGroup: true,
      high: 64 * MiB,
      low: MiB,
      min: 4096,
      max: Number.POSITIVE_INFINITY,
    });
  });
});

function anyVersion(view: string): void {
  const { create } = place(view);

  test('limits of every name are in force, and read back', async () => {
    const v2Only = { high: '48MiB', min: '4MiB', oomGroup: true } as const;
    const v1Only = { swappiness: 7, oomKiller: false } as const;
    const limits = { max: '64MiB', low: '8MiB', swap: '16MiB', ...(isV2('memory') ? v2Only : v1Only) } as const;
    await using group = await create({ memory: limits });
    const { memory } = await group.stat();
    expect(memory).toMatchObject({ max: 64 * MiB, low: 8 * MiB, swap: { current: 0, max: 16 * MiB } });
    if (isV2('memory')) expect(memory).toMatchObject({ high: 48 * MiB, min: 4 * MiB, oomGroup: true });
    else expect(memory.v1).toMatchObject({ swappiness: 7, oomKiller: false, memoryAndSwap: { max: 80 * MiB } });
    await group.set({ memory: { max: 'max', low: 0, swap: 'max' } });
    const { max, low, swap } = (await group.stat()).memory;
    expect({ max, low, swap: swap.max }).toEqual({
      max: Number.POSITIVE_INFINITY,
      low: 0,
      swap: Number.POSITIVE_INFINITY,
    });
  });

  test('a limit above that of the parent is taken, and that of the parent is in force', async () => {
    await using group = await create({ memory: { max: '32MiB' } });
    const below = await group.child('inner', { memory: { max: '256MiB' } });
    expect((await below.stat()).memory.max).toBe(256 * MiB);
    expect((await group.stat()).memory.max).toBe(32 * MiB);
    const hog = await startInside(below, 'dd', 'if=/dev/zero', 'of=/dev/null', 'bs=128M', 'count=1');
    hog.go();
    expect(await hog.ended).toMatchObject({ signal: 'SIGKILL' });
    const { memory } = await group.stat();
    expect(memory.events).toMatchObject({ max: expect.any(Number), oom_kill: 1 });
    expect(memory.events.max).toBeGreaterThan(0);
  });

  test('memory is taken back when it is asked for', async () => {
    await using group = await create({ memory: { max: '256MiB' } });
    using files = disk();
    await readInside(group, files.file(48));
    const { memory } = await group.stat();
    expect(memory.current).toBeGreaterThan(40 * MiB);
    expect(memory.stat[isV2('memory') ? 'file' : 'total_cache']).toBeGreaterThan(40 * MiB);
    if (isV2('memory')) {
      expect(await group.reclaim('16MiB')).toBeGreaterThanOrEqual(15 * MiB);
      expect((await group.stat()).memory.current).toBeGreaterThan(8 * MiB);
    }
    expect(await group.reclaim('max')).toBeGreaterThan(8 * MiB);
    expect((await group.stat()).memory.current).toBeLessThan(8 * MiB);
  });

  test('what cannot be reclaimed is no error, and what cannot be asked for is', async () => {
    await using group = await create({ memory: { max: '256MiB' } });
    const unavailable = { code: 'CONTROLLER_UNAVAILABLE', file: 'memory.reclaim', path: group.path };
    if (isV2('memory')) expect(await group.reclaim('1GiB')).toBeLessThan(MiB);
    else await expect(group.reclaim('1MiB')).rejects.toMatchObject(unavailable);
    // v1 never has it; v2 has it since Linux 6.9, the kernels here with v2 are older.
    await expect(group.reclaim(isV2('memory') ? '1MiB' : 'max', { swappiness: 0 })).rejects.toMatchObject(unavailable);
    await expect(group.reclaim(-1)).rejects.toMatchObject({ code: 'LIMIT_INVALID', value: '-1' });
    await expect(group.reclaim('max', { swappiness: 201 })).rejects.toMatchObject({ code: 'LIMIT_INVALID' });
    await expect(group.reclaim('max', { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
    await group.remove();
    await expect(group.reclaim('max')).rejects.toMatchObject({ code: 'CGROUP_GONE' });
    await expect(group.measurePeak()).rejects.toMatchObject({ code: 'CGROUP_GONE' });
  });

  test.runIf(view.includes(' - cgroup '))('v1: a peak begins anew, for all who look', async () => {
    await using group = await create({ memory: { max: '256MiB' } });
    await useInside(group, 96);
    expect((await group.stat()).memory.peak).toBeGreaterThan(90 * MiB);
    using meter = await group.measurePeak();
    expect(meter.shared).toBe(true);
    expect(meter.read()).toBeLessThan(16 * MiB);
    await useInside(group, 32);
    expect(meter.read()).toBeGreaterThan(30 * MiB);
    expect(meter.read()).toBeLessThan(64 * MiB);
    expect((await group.stat()).memory.peak).toBe(meter.read());
    meter.reset();
    expect(meter.read()).toBeLessThan(16 * MiB);
  });

  test.runIf(view.includes(' - cgroup '))('v1: without the OOM killer a process waits for memory', async () => {
    await using group = await create({ memory: { max: '32MiB', swap: 0, oomKiller: false } });
    expect((await group.stat()).memory.max).toBe(32 * MiB);
    // What fills its memory itself: of what read() would fill, the kernel does not wait for a page but returns less.
    // https://docs.kernel.org/admin-guide/cgroup-v1/memory.html#oom-control
    const hog = await startInside(group, 'perl', '-e', '$filled = "x" x (96 * 2 ** 20)');
    hog.go();
    await expect.poll(async () => (await group.stat()).memory.v1?.underOom, { timeout: 10_000 }).toBe(true);
    expect(await group.pids()).toEqual([hog.pid]);
    expect(await group.oomKills()).toBe(0);
    await group.set({ memory: { max: '256MiB' } });
    expect(await hog.ended).toMatchObject({ exitCode: 0 });
  });
}

function onV2(): void {
  const { create } = place(mountinfo);

  test('beyond high a process is slowed down, and goes on when the limit is lifted', async () => {
    const startHog = (group: Cgroup) =>
      startInside(group, 'sh', '-c', 'head -c 96M /dev/zero | tail -c 96M > /dev/null');
    // For a machine that is slower than another one, or than it was.
    await using free = await create({ memory: { max: '256MiB' } });
    const unhindered = await startHog(free);
    const begun = performance.now();
    unhindered.go();
    expect(await unhindered.ended).toMatchObject({ exitCode: 0 });
    const usual = performance.now() - begun;
    await using group = await create({ memory: { max: '256MiB', high: '16MiB' } });
    const hog = await startHog(group);
    hog.go();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await group.pids()).toContain(hog.pid);
    const { memory } = await group.stat();
    expect(memory.events.high).toBeGreaterThan(0);
    expect(memory.events.oom_kill).toBe(0);
    expect(memory.current).toBeLessThan(64 * MiB);
    await group.set({ memory: { high: 'max' } });
    const lifted = performance.now();
    expect(await hog.ended).toMatchObject({ exitCode: 0 });
    // It may be in a pause of 2 s, as long as the kernel makes any.
    expect(performance.now() - lifted).toBeLessThan(2_000 + Math.max(3_000, usual * 3));
    expect((await group.stat()).memory.peak).toBeGreaterThan(90 * MiB);
  }, 90_000);

  test.each(['min', 'low'] as const)('memory below %s stays when a sibling makes the parent reclaim', async (name) => {
    await using group = await create({ memory: { max: '80MiB' } });
    const protection: MemoryLimits = { [name]: '32MiB' };
    const guarded = await group.child('guarded', { memory: protection });
    const open = await group.child('open', { memory: {} });
    const greedy = await group.child('greedy', { memory: {} });
    using files = disk();
    await readInside(guarded, files.file(24));
    await readInside(open, files.file(24));
    expect((await open.stat()).memory.current).toBeGreaterThan(22 * MiB);
    await readInside(greedy, files.file(400));
    expect((await guarded.stat()).memory.current).toBeGreaterThan(22 * MiB);
    expect((await open.stat()).memory.current).toBeLessThan(12 * MiB);
  });

  test.each([true, false])('with oomGroup %s the rest is killed with the hog, or is not', async (oomGroup) => {
    await using group = await create({ memory: { max: '32MiB', swap: 0, oomGroup } });
    const sleeper = await startInside(group, 'sleep', '60');
    sleeper.go();
    const hog = await startInside(group, 'dd', 'if=/dev/zero', 'of=/dev/null', 'bs=128M', 'count=1');
    expect((await group.stat()).memory).toMatchObject({ max: 32 * MiB, oomGroup });
    hog.go();
    expect(await hog.ended).toMatchObject({ signal: 'SIGKILL' });
    if (oomGroup) expect(await sleeper.ended).toMatchObject({ signal: 'SIGKILL' });
    else expect(await group.pids()).toEqual([sleeper.pid]);
    const { events, localEvents } = (await group.stat()).memory;
    expect(events).toMatchObject({ oom: 1, oom_group_kill: oomGroup ? 1 : 0 });
    // Killed with the group, the hog is counted once more.
    expect(events.oom_kill).toBe(oomGroup ? 3 : 1);
    expect(localEvents.oom_kill).toBe(events.oom_kill);
  });

  test('what came with later kernels is refused by name', async () => {
    await using group = await create();
    const code = 'CONTROLLER_UNAVAILABLE';
    const since = (version: string) => expect.stringContaining(`Linux ${version}`);
    await expect(group.measurePeak()).rejects.toMatchObject({ code, message: since('6.12') });
    const writeback = group.set({ memory: { zswapWriteback: false } });
    await expect(writeback).rejects.toMatchObject({ code, message: since('6.8'), value: '0' });
  });
}

async function useInside(group: Cgroup, mebibytes: number): Promise<void> {
  const user = await startInside(group, 'dd', 'if=/dev/zero', 'of=/dev/null', `bs=${mebibytes}M`, 'count=1');
  user.go();
  expect(await user.ended).toMatchObject({ exitCode: 0 });
}
