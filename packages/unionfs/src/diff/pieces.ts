/** Joins what is written in small parts into pieces worth handing on, each in memory of its own. */
export class Pieces {
  readonly #full: Buffer[] = [];
  #piece: Buffer = nothing;
  #filled = 0;

  readonly write = (bytes: Buffer): void => {
    for (let at = 0; at < bytes.length; ) {
      if (this.#filled === this.#piece.length) this.#next();
      const copied = bytes.copy(this.#piece, this.#filled, at);
      this.#filled += copied;
      at += copied;
    }
  };

  /** Those that are full. */
  *take(): Generator<Buffer> {
    while (this.#full.length > 0) yield this.#full.shift() as Buffer;
  }

  /** All that is left. */
  *finish(): Generator<Buffer> {
    if (this.#filled > 0) this.#full.push(this.#piece.subarray(0, this.#filled));
    this.#piece = nothing;
    this.#filled = 0;
    yield* this.take();
  }

  #next(): void {
    if (this.#filled > 0) this.#full.push(this.#piece);
    this.#piece = Buffer.allocUnsafeSlow(pieceSize);
    this.#filled = 0;
  }
}

const nothing = Buffer.alloc(0);
/** Smaller ones cost whoever compresses or unpacks them more, nearly all of it spent between the threads. */
const pieceSize = 1024 * 1024;
