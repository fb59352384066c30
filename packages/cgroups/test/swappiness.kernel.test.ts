import { closeSync, openSync } from 'node:fs';
import { machine, requires } from '@estiba/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cgroup, Limits } from '../src/index.ts';
import { type Disk, makeDisk } from './disk.ts';
import { hold, swapped } from './holding.ts';
import { isLinux } from './kernel-version.ts';
import { readInside } from './page-cache.ts';
import { swapDevice } from './swap-device.ts';
import { mountinfo, place } from './views.ts';

const MiB = 1024 ** 2;
const needs = { cgroup: ['memory'], root: true, command: ['mkswap', 'swapon', 'losetup'] };

requires({ on: ['uml', 'qemu'], ...needs })('how readily reclaim swaps', () => {
  const { create } = place(mountinfo);
  if (isLinux('6.9')) whileSwapping(create);
  if (!isLinux('6.9')) refuses(create, 0);
  if (!isLinux('6.16')) refuses(create, 'max');
});

function whileSwapping(create: (limits: Limits) => Promise<Cgroup>): void {
  swapDevice();
  const file = cachedFile(24);

  /** As much of anonymous memory as of a file. */
  async function filled(): Promise<Cgroup> {
    const group = await create({ memory: { max: '64MiB', swap: '64MiB' } });
    await hold(group, 20);
    await expect.poll(() => usage(group, 'anon'), { timeout: 25_000 }).toBeGreaterThan(19 * MiB);
    await readInside(group, file());
    expect(await usage(group, 'file')).toBeGreaterThan(22 * MiB);
    expect(await swapped(group)).toBe(0);
    return group;
  }

  test('with 0 the file is dropped, and nothing is swapped out even if less is found than was asked for', async () => {
    await using group = await filled();
    expect(await group.reclaim('40MiB', { swappiness: 0 })).toBeGreaterThan(20 * MiB);
    expect(await swapped(group)).toBe(0);
    expect(await usage(group, 'file')).toBeLessThan(4 * MiB);
  });

  test('left to the machine both are taken', async () => {
    await using group = await filled();
    expect(await group.reclaim('40MiB')).toBeGreaterThan(30 * MiB);
    expect(await swapped(group)).toBeGreaterThan(10 * MiB);
  });

  // Only where it is run, and not wherever the kernel is as new: in CI it is not, so nothing would see it pass.
  if (isLinux('6.16') && machine() === 'qemu')
    test("with 'max' memory alone is swapped out, and the file stays", async () => {
      await using group = await filled();
      await group.reclaim('12MiB', { swappiness: 'max' });
      expect(await swapped(group)).toBeGreaterThan(10 * MiB);
      expect(await usage(group, 'file')).toBeGreaterThan(22 * MiB);
    });
}

function refuses(create: (limits: Limits) => Promise<Cgroup>, swappiness: 0 | 'max'): void {
  test(`${swappiness} is refused by name before Linux ${swappiness === 0 ? '6.9' : '6.16'}`, async () => {
    await using group = await create({ memory: { max: '64MiB' } });
    await expect(group.reclaim('1MiB', { swappiness })).rejects.toMatchObject({
      code: 'CONTROLLER_UNAVAILABLE',
      file: 'memory.reclaim',
      message: expect.stringContaining('swappiness needs Linux 6.9 (max: 6.16)'),
      value: `${MiB} swappiness=${swappiness}`,
    });
  });
}

/** A device, whose pages can be dropped where the files of the guest are memory themselves. The last to close it drops all. */
function cachedFile(mebibytes: number): () => string {
  let disk: Disk;
  let descriptor: number | undefined;

  beforeAll(async () => {
    disk = await makeDisk(mebibytes * MiB);
  });

  afterAll(async () => {
    close();
    await disk[Symbol.asyncDispose]();
  });

  function close(): void {
    if (descriptor !== undefined) closeSync(descriptor);
  }

  return () => {
    close();
    descriptor = openSync(disk.path, 'r');
    return disk.path;
  };
}

async function usage(group: Cgroup, key: 'anon' | 'file'): Promise<number> {
  return (await group.stat()).memory.stat[key] ?? Number.NaN;
}
