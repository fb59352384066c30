import { existsSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { invalid } from './check.ts';
import { errnoOf } from './refusal.ts';

/**
 * The number by which control files know a disk, `8:0`, of a path (`/dev/sda`) or of that number itself. Only whole disks
 * have limits: the kernel refuses a partition with ENODEV, so it is refused here by its name.
 */
export function checkBlockDevice(device: unknown, file: string, path: string): string {
  if (typeof device !== 'string') throw invalid(file, device, FORMS, path);
  const number = /^\d+:\d+$/.test(device) ? device : numberOf(device, file, path);
  // sysfs knows which disk a partition is a part of. sysfs(5)
  const entry = `/sys/dev/block/${number}`;
  if (!existsSync(`${entry}/partition`)) return number;
  const disk = basename(dirname(readlinkSync(entry)));
  throw invalid(file, device, `it is a partition, and the kernel limits whole disks only; name /dev/${disk}`, path);
}

const FORMS = "name a disk: its path, '/dev/sda', or its number, '8:0'";

function numberOf(device: string, file: string, path: string): string {
  if (!device.startsWith('/')) throw invalid(file, device, FORMS, path);
  const stats = statOf(device, file, path);
  if (!stats.isBlockDevice()) throw invalid(file, device, 'it is no block device; see lsblk(8)', path);
  return `${major(BigInt(stats.rdev))}:${minor(BigInt(stats.rdev))}`;
}

function statOf(device: string, file: string, path: string): Stats {
  try {
    return statSync(device);
  } catch (cause) {
    throw invalid(file, device, `it cannot be looked at: ${errnoOf(cause)}; see lsblk(8)`, path);
  }
}

// Each in two parts, for the sake of programs from when there were only 16 bits. makedev(3)
const major = (device: bigint) => ((device >> 32n) & 0xfffff000n) | ((device >> 8n) & 0xfffn);
const minor = (device: bigint) => ((device >> 12n) & 0xffffff00n) | (device & 0xffn);
