/** What has to be read as a whole, put together from the pieces in which it arrives. */
export class Gathered {
  /** All of it, when it has arrived; the bytes are lent until the next piece. */
  whole: Buffer | undefined;
  #pending: Buffer;
  #wanted: number;
  #arrived = 0;

  constructor(bytes: number) {
    this.#pending = Buffer.allocUnsafe(bytes);
    this.#wanted = bytes;
  }

  get isEmpty(): boolean {
    return this.#arrived === 0;
  }

  /** Begins anew, with so many bytes to come. */
  expect(bytes: number): void {
    this.whole = undefined;
    this.#arrived = 0;
    this.#wanted = bytes;
    if (this.#pending.length < bytes) this.#pending = Buffer.allocUnsafe(bytes);
  }

  /** Takes what it needs of a piece, and tells where the rest begins. */
  take(piece: Buffer, from: number): number {
    const missing = this.#wanted - this.#arrived;
    const to = Math.min(from + missing, piece.length);
    if (this.#arrived === 0 && to - from === missing) {
      // What lies in the piece as a whole is read where it is.
      this.whole = piece.subarray(from, to);
    } else {
      piece.copy(this.#pending, this.#arrived, from, to);
      this.#arrived += to - from;
      if (this.#arrived === this.#wanted) this.whole = this.#pending.subarray(0, this.#wanted);
    }
    return to;
  }
}
