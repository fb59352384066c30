import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll } from 'vitest';
import { type Disk, makeDisk } from './disk.ts';

const mebibytes = 80;

/** For the tests of one group the machine has swap, which only a guest may be given. */
export function swapDevice(): void {
  let disk: Disk;

  beforeAll(async () => {
    disk = await makeDisk(mebibytes * 1024 ** 2);
    // What a file in memory needs for its blocks would be charged to whoever is swapped out.
    execFileSync('dd', ['if=/dev/zero', `of=${disk.path}`, 'bs=1M', `count=${mebibytes}`], { stdio: 'ignore' });
    execFileSync('mkswap', [disk.path], { stdio: 'ignore' });
    execFileSync('swapon', [disk.path], { stdio: 'ignore' });
  });

  afterAll(async () => {
    execFileSync('swapoff', [disk.path]);
    await disk[Symbol.asyncDispose]();
  });
}

/** What is swapped out is compressed first, as long as the group lasts. */
export function zswap(): void {
  const file = '/sys/module/zswap/parameters/enabled';
  beforeAll(() => writeFileSync(file, '1'));
  afterAll(() => writeFileSync(file, '0'));
}

/** By the whole machine since it began, to its swap devices: not those that zswap keeps. /proc/vmstat, proc(5) */
export function pagesWritten(): number {
  return Number(/^pswpout (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1]);
}
