import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import type { Cgroup } from '../src/index.ts';
import { startInside } from './inside.ts';
import { isLinux } from './kernel-version.ts';
import { mountinfo, place } from './views.ts';

const MiB = 1024 ** 2;

requires({ on: ['uml', 'qemu'], cgroup: ['memory'], root: true })('a peak that begins anew on v2', () => {
  const { create } = place(mountinfo);
  if (isLinux('6.12')) withMeters(create);
  else
    test('needs Linux 6.12, and is refused by name', async () => {
      await using group = await create();
      await expect(group.measurePeak()).rejects.toMatchObject({
        code: 'CONTROLLER_UNAVAILABLE',
        message: expect.stringContaining('Linux 6.12'),
      });
    });
});

function withMeters(create: () => Promise<Cgroup>): void {
  test('each meter has its own, and that of the cgroup stays', async () => {
    await using group = await create();
    await useInside(group, 64);
    const { peak } = (await group.stat()).memory;
    expect(peak).toBeGreaterThan(60 * MiB);
    using first = await group.measurePeak();
    expect(first.shared).toBe(false);
    expect(first.read()).toBeLessThan(8 * MiB);
    await useInside(group, 32);
    // With this the kernel forgets the peak of the first.
    using second = await group.measurePeak();
    expect(second.read()).toBeLessThan(8 * MiB);
    expect(first.read()).toBeGreaterThan(30 * MiB);
    expect(first.read()).toBeLessThan(48 * MiB);
    first.reset();
    await useInside(group, 16);
    for (const meter of [first, second]) {
      expect(meter.read()).toBeGreaterThan(15 * MiB);
      expect(meter.read()).toBeLessThan(28 * MiB);
    }
    expect((await group.stat()).memory.peak).toBe(peak);
  });

  test('a meter of a cgroup that is gone says so, and is not in the way of the next', async () => {
    await using top = await create();
    const group = await top.child('inner', { memory: {} });
    using meter = await group.measurePeak();
    await group.remove();
    await using again = await top.child('inner', { memory: {} });
    using next = await again.measurePeak();
    expect(next.read()).toBeLessThan(8 * MiB);
    expect(() => meter.read()).toThrow(expect.objectContaining({ code: 'CGROUP_GONE', path: group.path }));
    expect(() => meter.reset()).toThrow(expect.objectContaining({ code: 'CGROUP_GONE' }));
  });
}

async function useInside(group: Cgroup, mebibytes: number): Promise<void> {
  const user = await startInside(group, 'dd', 'if=/dev/zero', 'of=/dev/null', `bs=${mebibytes}M`, 'count=1');
  user.go();
  expect(await user.ended).toMatchObject({ exitCode: 0 });
}
