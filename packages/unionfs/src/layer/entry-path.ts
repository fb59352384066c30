/**
 * The names of entries as lists of components, in latin1: every byte is one character, whatever encoding it is in.
 *
 * This decides what a name means. It is not what keeps an entry inside: the kernel does that (see directory.ts).
 */
import { shown } from '../tar/tar-entry.ts';
import { UnionfsError } from '../unionfs-error.ts';

/** `/a/./b/` is `a`, `b`: absolute names count from the root of the layer. A `..` is refused: no writer of layers has one. */
export function entryPath(name: Buffer, what = 'it'): string[] {
  const parts = components(name);
  if (parts.includes('..')) {
    throw new UnionfsError('LAYER_ESCAPES', `cannot unpack ${shown(name)}: ${what} climbs out by ".."`, {
      entry: name.toString(),
    });
  }
  return parts;
}

/** Of a link's target: `..` stays, the empty and `.` go. */
export function components(path: Buffer): string[] {
  return path
    .toString('latin1')
    .split('/')
    .filter((part) => part !== '' && part !== '.');
}
