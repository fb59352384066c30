/** What a layer may ask for at most, whatever it says of itself; the same for each of the forms that it is kept in. */
import { shown, type TarEntry } from '../tar/tar-entry.ts';
import { UnionfsError } from '../unionfs-error.ts';

export interface LayerLimits {
  readonly maxEntries: number;
  /** Of content. */
  readonly maxBytes: number;
  readonly maxRatio: number;
}

/**
 * Unless told otherwise. Until a layer is complete a directory takes a kilobyte of memory, and any other entry half of that: so
 * many fit into what Node allows itself.
 */
export const usual: LayerLimits = { maxEntries: 1_000_000, maxBytes: 64 * 2 ** 30, maxRatio: 1000 };

/**
 * Bytes of extended attributes and targets of symbolic links, of which some or all are kept until the layer is complete. No
 * image known has a thousandth of it. Each attribute takes some memory besides its name and value.
 */
const mostKept = 64 * 2 ** 20;
const perAttribute = 64;
/** Parts of sparse files, over the whole layer: they are kept, too, and each of them is written by itself. */
const mostExtents = 2_000_000;

export class Limits {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  #entries = 0;
  #bytes = 0;
  #kept = 0;
  #extents = 0;

  constructor({ maxEntries, maxBytes }: Omit<LayerLimits, 'maxRatio'>) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
  }

  /** Throws LAYER_TOO_LARGE, as all of these. */
  countEntry(entry: TarEntry): void {
    this.#entries += 1;
    if (this.#entries > this.#maxEntries) throw tooLarge(entry, `${this.#maxEntries} entries`);
    this.countBytes(entry, entry.stored);
    for (const [name, { length }] of entry.xattrs) this.#kept += perAttribute + name.length + length;
    if (entry.type === 'symlink') this.#kept += entry.link.length;
    if (this.#kept > mostKept) {
      throw tooLarge(entry, `${mostKept} bytes of extended attributes and targets of symbolic links`, '');
    }
    this.#extents += entry.extents?.length ?? 0;
    if (this.#extents > mostExtents) throw tooLarge(entry, `${mostExtents} parts of sparse files`, '');
  }

  /** A directory on the way to an entry that has none itself: one entry may have hundreds of them. */
  countImplicit(directory: { readonly name: Buffer }): void {
    this.#entries += 1;
    if (this.#entries <= this.#maxEntries) return;
    throw tooLarge(directory, `${this.#maxEntries} entries, with the directories on their ways`);
  }

  /** Of content that comes with an entry, or is copied because of it. */
  countBytes(entry: { readonly name: Buffer }, bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#maxBytes) throw tooLarge(entry, `${this.#maxBytes} bytes`);
  }
}

function tooLarge(
  { name }: { readonly name: Buffer },
  limit: string,
  remedy = '; raise the limit if that is meant',
): UnionfsError {
  return new UnionfsError(
    'LAYER_TOO_LARGE',
    `cannot unpack ${shown(name)}: the layer has more than ${limit}${remedy}`,
    { entry: name.toString() },
  );
}
