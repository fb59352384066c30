import { type Bytes, parseBytes } from '../bytes.ts';
import { checkBytes, invalid, isPlain, known } from '../check.ts';

/** `'2MiB'`, `'1GiB'`: those of this machine are in `/sys/kernel/mm/hugepages`. */
export type PageSize = `${number}${'KiB' | 'MiB' | 'GiB'}`;

/**
 * Huge pages, for each of their sizes: `{ '2MiB': '64MiB' }`. Rounded down to whole pages by the kernel. They are no part of
 * what `memory` limits. https://docs.kernel.org/admin-guide/cgroup-v2.html#hugetlb
 */
export type HugetlbLimits = Readonly<{ [size in PageSize]?: Bytes | HugetlbLimit }>;

/** How much a process may use, and reserve (by mmap(2), before it uses anything: Linux 5.7). */
export interface HugetlbLimit {
  /** Beyond this a process that touches a page gets SIGBUS. */
  max?: Bytes;
  /** Beyond this mmap(2) fails with ENOMEM, so that a process can do without. */
  rsvd?: Bytes;
}

/** By the kernel's name of the size: `2MB`. */
export type CheckedHugetlb = ReadonlyMap<string, { max?: number | 'max'; rsvd?: number | 'max' }>;

/** In bytes, for each size of pages: `'2MiB'`. Empty without the controller. */
export type HugetlbStat = { [size in PageSize]?: HugetlbPagesStat };

export interface HugetlbPagesStat {
  current: number;
  /** v1 only; NaN elsewhere. */
  peak: number;
  max: number;
  rsvd: { current: number; peak: number; max: number };
  /** How often the limit was reached, here and below; on v1 here alone. */
  events: { max: number };
  localEvents: { max: number };
  /** By the number of the node. Linux 5.17. */
  nodes: Record<number, number>;
}

export function checkHugetlb(hugetlb: HugetlbLimits, path: string): CheckedHugetlb {
  if (!isPlain(hugetlb)) throw invalid('hugetlb', hugetlb, "write an object such as { '2MiB': '64MiB' }", path);
  const given = Object.entries(hugetlb).flatMap(([size, limit]) =>
    limit === undefined ? [] : [checkPages(size, limit, path)],
  );
  return new Map(given);
}

function checkPages(size: string, limit: Bytes | HugetlbLimit, path: string): [string, { max?: number | 'max' }] {
  const bytes = parseBytes(size as Bytes);
  if (typeof bytes !== 'number' || !isPageSize(bytes))
    throw invalid(`hugetlb.${size}`, limit, "name the size of the pages: '2MiB', '1GiB'", path);
  const name = kernelName(bytes);
  const isBoth = typeof limit === 'object' && limit !== null;
  if (isBoth) known(limit, ['max', 'rsvd'], `hugetlb.${size}`, path);
  const { max, rsvd } = isBoth ? limit : { max: limit };
  return [
    name,
    {
      ...(max !== undefined && { max: checkBytes(max, 0, `hugetlb.${name}.max`, path) }),
      ...(rsvd !== undefined && { rsvd: checkBytes(rsvd, 0, `hugetlb.${name}.rsvd.max`, path) }),
    },
  ];
}

function isPageSize(bytes: number): boolean {
  return bytes >= KiB && Number.isInteger(Math.log2(bytes));
}

/** As the kernel's mem_fmt() in mm/hugetlb_cgroup.c names it. */
function kernelName(bytes: number): string {
  if (bytes >= GiB) return `${bytes / GiB}GB`;
  return bytes >= MiB ? `${bytes / MiB}MB` : `${bytes / KiB}KB`;
}

const KiB = 1024;
const MiB = KiB * KiB;
const GiB = KiB * MiB;
