/** Where a file is not a hole, as an archive lists it. */
import { dataExtents } from '../layer/data-extents.ts';
import type { Extent } from '../tar/tar-entry.ts';

/** Undefined for a file without holes, and for one with so many that a list of them would not be read any more. */
export function extentsOf(fd: number, { size, allocated }: { size: number; allocated: number }): Extent[] | undefined {
  if (allocated >= size) return undefined;
  const extents: Extent[] = [];
  for (const extent of dataExtents(fd, size)) {
    extents.push(extent);
    if (extents.length > most) return undefined;
  }
  const [first] = extents;
  return first?.offset === 0 && first.length === size ? undefined : extents;
}

/** Go's reader takes a list of 1 MiB. */
const most = 30_000;
