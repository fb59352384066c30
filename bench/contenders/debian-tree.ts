/** The minimal Debian as a tree, unpacked once for each place. */

import { debianTar } from '../../tests/interop/debian-root.ts';
import type { Bench } from '../bench.ts';
import type { Place } from '../places.ts';
import { pathOf } from '../programs.ts';

export async function debianTree(bench: Bench, place?: Place): Promise<string> {
  const directory = bench.folder('debian', place);
  await bench.programs.run([pathOf('tar'), '--numeric-owner', '-xpzf', debianTar, '-C', directory]);
  return directory;
}
