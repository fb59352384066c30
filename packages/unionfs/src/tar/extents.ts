/** The parts of a sparse file that are not holes, in the order in which an archive stores them. */
import { UnionfsError } from '../unionfs-error.ts';
import { type Extent, shown } from './tar-entry.ts';

/** More than any real file has, and what they take in memory is bounded. */
const mostExtents = 1_000_000;

export class Extents {
  readonly #name: Buffer;
  readonly #list: Extent[] = [];
  #count = 0;
  #end = 0;
  #stored = 0;

  /** The name of the entry, for errors. */
  constructor(name: Buffer) {
    this.#name = name;
  }

  /** The next one; throws LAYER_INVALID when it begins before the end of the last. */
  add(offset: number, length: number): void {
    this.#count += 1;
    this.expect(this.#count);
    const end = offset + length;
    if (offset < this.#end || length < 0) {
      throw this.invalid(`${length} bytes at ${offset} follow what ends at ${this.#end}`);
    }
    // Most lists end in an empty one, which only says how long the file is.
    if (length > 0) this.#list.push({ offset, length });
    this.#end = end;
    this.#stored += length;
  }

  /** Refuses a list of so many before it is read. */
  expect(count: number): void {
    if (count > mostExtents) throw this.invalid(`it has more than ${mostExtents} parts`);
  }

  /** All of them, once they fit the file and the bytes that the archive has of it. */
  fitting(size: number, stored: number): readonly Extent[] {
    if (this.#end > size) throw this.invalid(`it goes on to ${this.#end} in a file of ${size} bytes`);
    if (this.#stored !== stored) {
      throw this.invalid(`its parts have ${this.#stored} bytes together, and the archive has ${stored}`);
    }
    return this.#list;
  }

  invalid(why: string): UnionfsError {
    return new UnionfsError('LAYER_INVALID', `cannot read the map of the sparse file ${shown(this.#name)}: ${why}`, {
      entry: this.#name.toString(),
    });
  }
}
