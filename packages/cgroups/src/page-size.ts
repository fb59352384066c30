import { readFileSync } from 'node:fs';

/** In bytes: 4096 on most machines, 16 or 64 KiB on some of arm64, ppc64 and loong64. */
export function pageSize(): number {
  known ??= readPageSize();
  return known;
}

/** The kernel tells every process at its start: pairs of a type and a value. getauxval(3) */
export function pageSizeIn(auxiliary: Buffer): number | undefined {
  for (let at = 0; at + 16 <= auxiliary.length; at += 16) {
    if (auxiliary.readBigUInt64LE(at) === AT_PAGESZ) return Number(auxiliary.readBigUInt64LE(at + 8));
  }
  return undefined;
}

let known: number | undefined;
const AT_PAGESZ = 6n;
const USUAL = 4096;

function readPageSize(): number {
  try {
    return pageSizeIn(readFileSync('/proc/self/auxv')) ?? USUAL;
  } catch {
    // No Linux, or no /proc: the kernel has the last word anyway.
    return USUAL;
  }
}
