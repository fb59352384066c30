import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Cgroup } from '../src/index.ts';
import { startInside } from './inside.ts';

export interface Disk extends Disposable {
  /** A new file of zeros, none of which is in memory. */
  file(mebibytes: number): string;
}

/** A folder whose files are on a disk: what is read of them can be dropped again. The one for scratch may be a tmpfs. */
export function disk(): Disk {
  const folder = mkdtempSync(`/var/tmp/estiba-${process.pid}-disk-`);
  let files = 0;
  return {
    file: (mebibytes) => fileOnDisk(`${folder}/${++files}`, mebibytes),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

/** Reads it inside, which makes its pages a part of what the cgroup uses until somebody needs the memory. */
export async function readInside(group: Cgroup, file: string): Promise<void> {
  const reader = await startInside(group, 'dd', `if=${file}`, 'of=/dev/null', 'bs=1M');
  reader.go();
  const { exitCode, errors } = await reader.ended;
  if (exitCode !== 0) throw new Error(`dd could not read ${file}: ${errors}`);
}

function fileOnDisk(file: string, mebibytes: number): string {
  dd('if=/dev/zero', `of=${file}`, 'bs=1M', `count=${mebibytes}`, 'conv=fsync');
  // Drops what is cached of it: posix_fadvise(2), POSIX_FADV_DONTNEED.
  dd(`if=${file}`, 'iflag=nocache', 'count=0');
  return file;
}

function dd(...args: string[]): void {
  execFileSync('dd', args, { stdio: 'ignore' });
}
