import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { scratch } from '@estiba/testkit';

/** A disk of its own for a test: a loop device over a file, gone afterwards. */
export interface Disk extends AsyncDisposable {
  /** `/dev/loop7` */
  readonly path: string;
  /** `7:7` */
  readonly number: string;
}

export async function makeDisk(bytes = 16 * 1024 ** 2): Promise<Disk> {
  // A module in the guests; root starts it there as udev would.
  if (!existsSync('/dev/loop-control')) execFileSync('modprobe', ['loop'], { timeout: 20_000 });
  const files = scratch();
  const file = files.join('disk');
  writeFileSync(file, '');
  truncateSync(file, bytes);
  const path = losetup('--find', '--show', '--partscan', file);
  return {
    path,
    number: readFileSync(`/sys/block/${basename(path)}/dev`, 'utf8').trim(),
    async [Symbol.asyncDispose]() {
      // The next one of this number would have it.
      writeFileSync(`/sys/block/${basename(path)}/queue/scheduler`, 'none');
      losetup('--detach', path);
      await files[Symbol.asyncDispose]();
    },
  };
}

function losetup(...args: string[]): string {
  return execFileSync('losetup', args, { encoding: 'utf8', timeout: 20_000 }).trim();
}
