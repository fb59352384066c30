/** Where a symbolic link of a layer leads, as it is written. */
import { invalid } from '../tar/invalid.ts';
import type { TarEntry } from '../tar/tar-entry.ts';

/** symlink(7) */
const longestTarget = 4095;

export function symlinkTarget(entry: TarEntry): Buffer {
  const { link } = entry;
  if (link.length === 0) throw invalid(entry, 'it is a link to nothing');
  if (link.length > longestTarget) throw invalid(entry, `its target has more than ${longestTarget} bytes`);
  return link;
}
