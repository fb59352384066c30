import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { mount, perform, umount } from '@estiba/syscalls';
import { scratch } from '@estiba/testkit';

const MiB = 1024 ** 2;
const MIN_FREE = '/proc/sys/vm/min_free_kbytes';

/** Takes all memory of the machine but so much, for good as there is no swap: a guest only. */
export function leaveFree(mebibytes: number): Disposable {
  const files = scratch();
  perform([mount({ source: 'tmpfs', target: files.path, type: 'tmpfs', data: 'size=90%' })]);
  const taken = Math.floor(freeBytes() / MiB) - mebibytes;
  execFileSync('fallocate', ['--length', `${taken}MiB`, files.join('taken')]);
  return {
    [Symbol.dispose]() {
      perform([umount(files.path)]);
      files[Symbol.dispose]();
    },
  };
}

/**
 * The kernel begins to reclaim at 5/4 of this reserve and goes on up to 6/4, in a thread of its own; those who are beyond their
 * soft limit come first. With the reserve just so large that it has to begin, it takes a fifth of what is free.
 * https://docs.kernel.org/admin-guide/sysctl/vm.html#min-free-kbytes
 */
export function beginReclaim(): Disposable {
  const before = readFileSync(MIN_FREE, 'utf8');
  writeFileSync(MIN_FREE, String(Math.floor(((freeBytes() + 10 * MiB) / 1024) * (4 / 5))));
  return { [Symbol.dispose]: () => writeFileSync(MIN_FREE, before) };
}

function freeBytes(): number {
  return Number(/^MemFree:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) * 1024;
}
