import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { command, launch, mount, openFlags, perform, type Step, syscall, umount } from '@estiba/syscalls';
import { requires, type Scratch, scratch } from '@estiba/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { descendants, removeDirectory } from '../src/directories.ts';
import type { Cgroup } from '../src/index.ts';
import { errnoOf } from '../src/refusal.ts';
import { until } from '../src/until.ts';
import { isV2, mountinfo, place } from './views.ts';

const MiB = 1024 ** 2;

// Huge pages are taken from the whole machine, so it is a guest that sets some aside.
requires({ on: ['qemu'], cgroup: ['hugetlb'], root: true })('hugetlb on v2', () => {
  limitsHugePages(mountinfo);
});

requires({ on: ['qemu'], cgroup: ['hugetlb'], root: true })('hugetlb on v1', () => {
  const hierarchy = '/run/estiba-hugetlb';

  beforeAll(async () => {
    mkdirSync(hierarchy);
    for (const folder of ['/sys/fs/cgroup/estiba', '/sys/fs/cgroup']) switchController(folder, '-hugetlb');
    // v2 cgroups that are gone may keep it for a moment.
    expect(await until(() => mountHugetlb(hierarchy), { timeout: 20_000 })).toBe(true);
  });

  afterAll(async () => {
    for (const directory of descendants(hierarchy)) removeDirectory(directory);
    // Unmounted with cgroups that are not quite gone, the hierarchy would stay, and keep the controller.
    const isEmpty = () => /^hugetlb\t\d+\t1\t/m.test(readFileSync('/proc/cgroups', 'utf8'));
    expect(await until(isEmpty, { timeout: 20_000 })).toBe(true);
    if (existsSync(`${hierarchy}/tasks`)) perform([umount(hierarchy)]);
    rmdirSync(hierarchy);
    const isBack = () => readFileSync('/sys/fs/cgroup/cgroup.controllers', 'utf8').includes('hugetlb');
    expect(await until(isBack, { timeout: 20_000 })).toBe(true);
    switchController('/sys/fs/cgroup', '+hugetlb');
  });

  limitsHugePages(`${mountinfo}999 30 0:99 / ${hierarchy} rw - cgroup none rw,hugetlb\n`);
});

function limitsHugePages(view: string): void {
  const { create } = place(view);
  const pages = hugePageFiles();

  test('a process cannot use more huge pages than its cgroup may', async () => {
    await using group = await create({ hugetlb: { '2MiB': '4MiB' } });
    await pages.use(group, 4 * MiB);
    const { hugetlb } = await group.stat();
    expect(hugetlb?.['2MiB']).toMatchObject({
      current: 4 * MiB,
      max: 4 * MiB,
      nodes: { 0: 4 * MiB },
      events: { max: 0 },
    });
    expect(hugetlb?.['1GiB']?.max).toBe(Number.POSITIVE_INFINITY);
    await expect(pages.use(group, 6 * MiB)).rejects.toMatchObject({ code: 'ENOSPC' });
    const after = (await group.stat()).hugetlb?.['2MiB'];
    expect(after?.events.max).toBeGreaterThan(0);
    expect(after?.localEvents).toEqual(after?.events);
    if (!isV2('hugetlb')) expect(after?.peak).toBe(4 * MiB);
    await group.set({ hugetlb: { '2MiB': 'max' } });
    await pages.use(group, 6 * MiB);
    expect((await group.stat()).hugetlb?.['2MiB']).toMatchObject({ current: 6 * MiB, max: Number.POSITIVE_INFINITY });
    pages.clear();
  });

  test('reservations are refused before anything is used', async () => {
    await using group = await create({ hugetlb: { '2MiB': { rsvd: '4MiB' } } });
    await reserve(group, 4 * MiB);
    await expect(reserve(group, 6 * MiB)).rejects.toMatchObject({ code: 'ENOMEM' });
    const stat = (await group.stat()).hugetlb?.['2MiB'];
    expect(stat).toMatchObject({ current: 0, max: Number.POSITIVE_INFINITY, rsvd: { current: 0, max: 4 * MiB } });
  });

  test('a limit of the parent holds for all below it', async () => {
    await using group = await create({ hugetlb: { '2MiB': '2MiB' } });
    const below = await group.child('inner', { hugetlb: { '2MiB': '8MiB' } });
    await expect(pages.use(below, 4 * MiB)).rejects.toMatchObject({ code: 'ENOSPC' });
    expect((await below.stat()).hugetlb?.['2MiB']?.max).toBe(8 * MiB);
    pages.clear();
  });

  test('a size that the machine does not have is refused by name', async () => {
    await using group = await create();
    await expect(group.set({ hugetlb: { '4MiB': 0 } })).rejects.toMatchObject({
      code: 'CONTROLLER_UNAVAILABLE',
      message: expect.stringContaining('/sys/kernel/mm/hugepages'),
      value: '0',
    });
  });
}

/** A file system of huge pages: what is allocated for a file is charged to the cgroup that asks. */
function hugePageFiles() {
  let folder: Scratch;
  let file: string;

  beforeAll(() => {
    writeFileSync('/proc/sys/vm/nr_hugepages', '8');
    folder = scratch('hugetlbfs');
    file = folder.join('pages');
    perform([mount({ source: 'none', target: folder.path, type: 'hugetlbfs', data: 'pagesize=2M' })]);
  });

  afterAll(() => {
    perform([umount(folder.path)]);
    folder[Symbol.dispose]();
    writeFileSync('/proc/sys/vm/nr_hugepages', '0');
  });

  return {
    use: (group: Cgroup, bytes: number) => {
      const opened = syscall('openat', -100, file, openFlags.creat | openFlags.rdwr, 0o600);
      return runInside(group, [opened, syscall('fallocate', opened, 0, 0, bytes)]);
    },
    clear: () => writeFileSync(file, ''),
  };
}

function reserve(group: Cgroup, bytes: number): Promise<void> {
  const [READ_AND_WRITE, PRIVATE_ANONYMOUS_HUGETLB] = [3, 0x2 | 0x20 | 0x40000];
  return runInside(group, [syscall('mmap', 0, bytes, READ_AND_WRITE, PRIVATE_ANONYMOUS_HUGETLB, -1, 0)]);
}

async function runInside(group: Cgroup, steps: readonly Step[]): Promise<void> {
  await using child = await launch([group.join(), ...steps, command(['true'])]);
  expect(await child.wait()).toMatchObject({ exitCode: 0 });
}

function mountHugetlb(target: string): boolean {
  const mounting = mount({ source: 'none', target, type: 'cgroup', data: 'hugetlb' });
  try {
    perform([mounting]);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EBUSY') return false;
    throw error;
  }
}

function switchController(folder: string, controller: string): void {
  const file = `${folder}/cgroup.subtree_control`;
  if (existsSync(file) && readFileSync(file, 'utf8').includes('hugetlb') === controller.startsWith('-'))
    writeFileSync(file, controller);
}
