/**
 * The map of a sparse file in the old GNU format, in the header where other dialects have the prefix of the name.
 *
 *     header      386 | 4 × (offset 12, length 12) | 482 continued 1 | 483 size of the file 12 |
 *     extension     0 | 21 × (offset 12, length 12) | 504 continued 1 |
 *
 * https://www.gnu.org/software/tar/manual/html_node/Standard.html
 */
import { Extents } from './extents.ts';
import type { SparseMap } from './sparse-map.ts';
import { number } from './tar-field.ts';

export class GnuSparseMap implements SparseMap {
  readonly size: number;
  readonly extents: Extents;
  /** What continues the map stands between header and content, and is not counted as either. */
  readonly counted = 0;
  more = false;

  /** The bytes of the header are only borrowed. */
  constructor(header: Buffer, name: Buffer) {
    this.extents = new Extents(name);
    this.size = number(header, { at: 483, length: 12 }, 'real size');
    this.#read(header, 386, 4);
  }

  read(block: Buffer): void {
    this.#read(block, 0, 21);
  }

  #read(block: Buffer, from: number, most: number): void {
    this.more = block[from + most * 24] !== 0;
    for (let at = from; at < from + most * 24; at += 24) {
      // The first length that is not filled in ends the list.
      if (block[at + 12] === 0) {
        if (this.more) throw this.extents.invalid('it ends, and yet goes on in another block');
        return;
      }
      const offset = number(block, { at, length: 12 }, 'sparse offset');
      this.extents.add(offset, number(block, { at: at + 12, length: 12 }, 'sparse length'));
    }
  }
}
