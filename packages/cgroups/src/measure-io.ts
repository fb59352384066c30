import type { IoStat } from './controllers/io.ts';
import { isDirectory } from './directories.ts';
import { type Place, placeOf } from './place.ts';
import { errnoOf } from './refusal.ts';
import { readIo as readV1Io } from './v1/io.ts';
import { readIo } from './v2/io.ts';

/** None where the controller is not: `blkio` on v1 is a tree of its own, and on v2 the parent may not have enabled it. */
export function measureIo(places: readonly Place[]): readonly IoStat[] {
  const place = placeOf(places, 'io') ?? placeOf(places, 'blkio');
  if (place === undefined) return [];
  const { directory, hierarchy } = place;
  try {
    return hierarchy.version === 1 ? readV1Io(directory) : readIo(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && isDirectory(directory)) return [];
    throw error;
  }
}
