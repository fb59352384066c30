/**
 * Where the frames of a zstd stream end. Some writers make many, one for each file, or put an index into the last: all of
 * them count. Node's decoder goes on from one frame to the next only where a write ends with the frame; what is left of a
 * write it drops without a word. https://www.rfc-editor.org/rfc/rfc8878#section-3.1
 *
 *     magic, header | block header, block | block header, block | … | checksum
 */
import { UnionfsError } from '../unionfs-error.ts';

type Part = 'magic' | 'length' | 'descriptor' | 'header' | 'block';

/** The longest part that is read. */
const longest = 14;

export class ZstdFrames {
  /** Bytes of the part that is being read, until it is clear how long it is. */
  readonly #seen = Buffer.alloc(longest);
  #count = 0;
  #wanted = 4;
  /** Bytes that go by unread. */
  #left = 0;
  #part: Part = 'magic';
  #last = false;
  #checksum = 0;

  /** The same bytes, cut after each frame. Throws a UnionfsError where something else follows. */
  *cut(piece: Buffer): Generator<Buffer> {
    let from = 0;
    for (let at = 0; at < piece.length; ) {
      if (this.#left > 0) {
        const passed = Math.min(this.#left, piece.length - at);
        this.#left -= passed;
        at += passed;
      } else {
        this.#seen[this.#count++] = piece[at++] as number;
        if (this.#count === this.#wanted) this.#next();
      }
      if (this.#left > 0 || !this.#last) continue;
      this.#last = false;
      this.#expect('magic', 4);
      yield piece.subarray(from, at);
      from = at;
    }
    if (from < piece.length) yield piece.subarray(from);
  }

  #next(): void {
    const seen = this.#seen;
    if (this.#part === 'magic') {
      const magic = seen.readUInt32LE(0);
      if (magic === 0xfd2fb528) this.#expect('descriptor', 1);
      // Frames that hold no content.
      else if (magic >>> 4 === 0x0184d2a5) this.#expect('length', 4);
      else throw new UnionfsError('LAYER_INVALID', 'cannot decompress the layer: what follows a zstd frame is none');
    } else if (this.#part === 'length') {
      this.#left = seen.readUInt32LE(0);
      this.#last = true;
    } else if (this.#part === 'descriptor') {
      const descriptor = seen[0] as number;
      const isSingle = (descriptor & 0x20) !== 0;
      const sizes = [isSingle ? 1 : 0, 2, 4, 8] as const;
      const dictionaries = [0, 1, 2, 4] as const;
      this.#checksum = descriptor & 4 ? 4 : 0;
      this.#expect('header', (isSingle ? 0 : 1) + (dictionaries[descriptor & 3] ?? 0) + (sizes[descriptor >> 6] ?? 0));
    } else if (this.#part === 'header') {
      this.#expect('block', 3);
    } else {
      const header = seen.readUIntLE(0, 3);
      const isRepeated = ((header >> 1) & 3) === 1;
      this.#last = (header & 1) === 1;
      this.#left = (isRepeated ? 1 : header >> 3) + (this.#last ? this.#checksum : 0);
      this.#expect('block', 3);
    }
  }

  #expect(part: Part, bytes: number): void {
    this.#part = part;
    this.#wanted = bytes;
    this.#count = 0;
  }
}
