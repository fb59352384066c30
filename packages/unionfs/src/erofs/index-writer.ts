/** Bytes that follow each other, gathered into large pieces. */
import type { ImageFile } from './image-file.ts';

const pieceSize = 1024 * 1024;

export class IndexWriter {
  readonly #file: ImageFile;
  /** What is not written yet. */
  readonly bytes = Buffer.alloc(pieceSize);
  #start: number;
  #used = 0;

  constructor(file: ImageFile, start: number) {
    this.#file = file;
    this.#start = start;
  }

  /** Room at a position not before the last one, filled with zeros: where in `bytes` it begins. */
  room(position: number, size: number): number {
    if (position + size - this.#start > pieceSize) {
      this.flush();
      this.#start = position;
    }
    const at = position - this.#start;
    this.#used = at + size;
    return at;
  }

  flush(): void {
    this.#file.write(this.bytes.subarray(0, this.#used), this.#start);
    this.bytes.fill(0, 0, this.#used);
    this.#used = 0;
  }
}
