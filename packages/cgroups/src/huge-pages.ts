import { readdirSync } from 'node:fs';
import type { PageSize } from './controllers/hugetlb.ts';
import { ifThere } from './missing-file.ts';

export interface HugePages {
  /** As we write it: `2MiB`. */
  readonly size: PageSize;
  /** As the kernel names its files: `2MB`. */
  readonly name: string;
}

/** The sizes that this machine has, which no reboot-less change can alter. https://docs.kernel.org/admin-guide/mm/hugetlbpage.html */
export function hugePages(): readonly HugePages[] {
  known ??= ifThere([], () => readdirSync(FOLDER)).flatMap(parseHugePages);
  return known;
}

let known: readonly HugePages[] | undefined;

const FOLDER = '/sys/kernel/mm/hugepages';

/** `hugepages-2048kB`, or nothing. */
export function parseHugePages(folder: string): HugePages[] {
  const kilobytes = Number(/^hugepages-(\d+)kB$/.exec(folder)?.[1]);
  if (Number.isNaN(kilobytes)) return [];
  const power = kilobytes >= 1024 ** 2 ? 2 : kilobytes >= 1024 ? 1 : 0;
  const count = kilobytes / 1024 ** power;
  const letter = 'KMG'.charAt(power) as 'K' | 'M' | 'G';
  return [{ size: `${count}${letter}iB`, name: `${count}${letter}B` }];
}
