import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import type { Cgroup } from '../src/index.ts';
import { type Disk, makeDisk } from './disk.ts';
import { type Inside, startInside } from './inside.ts';
import { directories, isV2, place, views } from './views.ts';

const MiB = 1024 ** 2;

for (const [name, view] of views) {
  const group = requires({ on: ['host', 'uml', 'qemu'], cgroup: ['io'], root: true, command: 'losetup' });
  group(`limits of a disk, ${name}`, () => disk(view));
  const withBfq = requires({ on: ['host', 'qemu'], cgroup: ['io'], root: true, command: 'losetup' });
  withBfq(`weights of a disk, ${name}`, () => weights(view));
}

// 2 MiB at 1 MiB/s, and 20 operations at 10 in a second: 2 s, less what the kernel grants for the first moment.
const LEAST = 2 / 1.2;

function disk(view: string): void {
  const { create } = place(view);

  test('bytes written in a second are limited, for this cgroup alone and until it is lifted', async () => {
    await using disk = await makeDisk();
    await using limited = await create({ io: { max: [{ device: disk.path, writeBytes: '1MiB' }] } });
    await using other = await create();
    const write = ['of', disk, 65_536, 32] as const;
    const [slow, quick] = await Promise.all([dd(limited, ...write), dd(other, ...write)]);
    expect(slow).toBeGreaterThan(LEAST);
    expect(quick).toBeLessThan(slow / 2);
    // What is not limited stays so.
    expect(await dd(limited, 'if', disk, 65_536, 32)).toBeLessThan(slow / 2);
    await limited.set({ io: { max: [{ device: disk.number, writeBytes: 'max' }] } });
    expect(await dd(limited, ...write)).toBeLessThan(slow / 2);
  });

  test('operations that read in a second are limited, however small', async () => {
    await using disk = await makeDisk();
    await using limited = await create({ io: { max: [{ device: disk.number, readOps: 10 }] } });
    await using other = await create();
    const slow = await dd(limited, 'if', disk, 4_096, 20);
    expect(slow).toBeGreaterThan(LEAST);
    expect(await dd(other, 'if', disk, 4_096, 20)).toBeLessThan(slow / 2);
  });

  test('a limit of the cgroup above is one for those in it, except on v1, where each is limited by itself', async () => {
    await using disk = await makeDisk();
    await using above = await create({ io: { max: [{ device: disk.path, writeBytes: '1MiB' }] } });
    const below = await above.child('below', {}, { controllers: ['io'] });
    const seconds = await dd(below, 'of', disk, 65_536, 32);
    if (isV2('io')) expect(seconds).toBeGreaterThan(LEAST);
    else expect(seconds).toBeLessThan(LEAST / 2);
  });

  test('reads and writes are counted for each disk, with those of the cgroups below', async () => {
    await using disk = await makeDisk();
    await using group = await create({}, { controllers: ['io'] });
    expect(await usage(group, disk)).toBeUndefined();
    const writer = await group.child('writer', {}, { controllers: ['io'] });
    const reader = await group.child('reader', {}, { controllers: ['io'] });
    await dd(writer, 'of', disk, 65_536, 32);
    await dd(reader, 'if', disk, 4_096, 20);
    expect(await usage(reader, disk)).toMatchObject({ readOps: 20, writeOps: 0 });
    expect(await usage(group, disk)).toMatchObject({
      device: disk.number,
      readBytes: 20 * 4_096,
      readOps: 20,
      writeBytes: 2 * MiB,
      writeOps: 32,
      discardBytes: 0,
      discardOps: 0,
    });
  });

  test('a disk that is not there, and a part of one, are refused by name', async () => {
    await using disk = await makeDisk();
    await using group = await create();
    await expect(group.set({ io: { max: [{ device: '259:99999', readOps: 1 }] } })).rejects.toMatchObject({
      code: 'LIMIT_INVALID',
      message: expect.stringMatching(/ENODEV; there is no such whole disk/),
    });
    execFileSync('addpart', [disk.path, '1', '8', '1024']);
    const part = `${basename(disk.path)}p1`;
    const device = readFileSync(`/sys/block/${basename(disk.path)}/${part}/dev`, 'utf8').trim();
    await expect(group.set({ io: { max: [{ device, readOps: 1 }] } })).rejects.toMatchObject({
      code: 'LIMIT_INVALID',
      message: expect.stringContaining(`it is a partition, and the kernel limits whole disks only; name ${disk.path}`),
    });
  });
}

function weights(view: string): void {
  const { create } = place(view);

  // Between readers that a loaded machine disturbs too: no exact share.
  test('the heavier of two gets more of a busy disk', { retry: 2, timeout: 60_000 }, async () => {
    // So large, and empty, that nobody comes to its end.
    await using disk = await makeDisk(64 * 1024 ** 3);
    scheduleByWeight(disk);
    await using light = await create({ io: { weight: 100 } });
    await using heavy = await create({ io: { weight: 10_000 } });
    const both = [light, heavy] as const;
    const readers = await Promise.all(both.flatMap((group) => [startReader(group, disk), startReader(group, disk)]));
    for (const reader of readers) reader.go();
    await setTimeout(3_000);
    const [less = 0, more = 0] = (await Promise.all(both.map((group) => usage(group, disk)))).map(
      (io) => io?.readBytes,
    );
    await Promise.all(both.map((group) => group.kill()));
    expect(less).toBeGreaterThan(0);
    expect(more / less).toBeGreaterThan(1.5);
  });

  test('a disk can have a weight of its own, if its scheduler weighs', async () => {
    await using disk = await makeDisk();
    await using group = await create();
    const heavy = (weight: number | 'default') => group.set({ io: { deviceWeights: [{ device: disk.path, weight }] } });
    await expect(heavy(10_000)).rejects.toMatchObject({
      code: 'CONTROLLER_UNAVAILABLE',
      message: expect.stringMatching(/weights need its scheduler to be bfq/),
    });
    scheduleByWeight(disk);
    await heavy(10_000);
    const [directory] = directories(group.path).filter((each) => existsSync(`${each}/${weightFile()}`));
    const lines = () => readFileSync(`${directory}/${weightFile()}`, 'utf8').trim().split('\n');
    expect(lines()).toEqual(['default 100', `${disk.number} 1000`]);
    await heavy('default');
    expect(lines()).toEqual(['default 100']);
  });
}

function weightFile(): string {
  return isV2('io') ? 'io.bfq.weight' : 'blkio.bfq.weight_device';
}

/** bfq, and as fair as it can be: without favours for who has just begun, and one at a time. */
function scheduleByWeight({ path }: Disk): void {
  const queue = `/sys/block/${basename(path)}/queue`;
  writeFileSync(`${queue}/scheduler`, 'bfq');
  writeFileSync(`${queue}/iosched/low_latency`, '0');
  writeFileSync(`${queue}/iosched/strict_guarantees`, '1');
}

function startReader(group: Cgroup, { path }: Disk): Promise<Inside> {
  return startInside(group, 'dd', `if=${path}`, 'of=/dev/null', 'bs=64k', 'iflag=direct');
}

/** Seconds that dd(1) takes for so many blocks, past the page cache; as it says itself, since starting takes time too. */
async function dd(group: Cgroup, way: 'if' | 'of', { path }: Disk, bytes: number, count: number): Promise<number> {
  const files = way === 'if' ? ['of=/dev/null', 'iflag=direct'] : ['if=/dev/zero', 'oflag=direct'];
  const command = ['dd', `${way}=${path}`, ...files, `bs=${bytes}`, `count=${count}`];
  const copy = await startInside(group, 'env', 'LC_ALL=C', ...command);
  copy.go();
  const { errors } = await copy.ended;
  const seconds = /copied, (\S+) s,/.exec(errors)?.[1];
  if (seconds === undefined) throw new Error(errors);
  return Number(seconds);
}

async function usage(group: Cgroup, { number }: Disk) {
  return (await group.stat()).io.find(({ device }) => device === number);
}
