import { ImageSpecError } from '../error.ts';

/** Bytes of a tar archive, taken block by block or passed on. */
export class TarStream {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #maxBytes: number;
  #piece = Buffer.alloc(0);
  #taken = 0;

  constructor(content: AsyncIterable<Uint8Array>, maxBytes: number) {
    this.#pieces = content[Symbol.asyncIterator]();
    this.#maxBytes = maxBytes;
  }

  /** The next 512 bytes; undefined at the end, where a last block need not be filled up. */
  async block(): Promise<Buffer | undefined> {
    const block = await this.#upTo(512);
    if (block.length === 512) return block;
    return block.length === 0 ? undefined : Buffer.concat([block, Buffer.alloc(512 - block.length)]);
  }

  /** What an entry has, without what fills up its last block. Throws LAYER_INVALID where it ends before. */
  async content(size: number): Promise<Buffer> {
    const content = await this.#upTo(size);
    if (content.length < size) throw cut();
    await this.#fill(size);
    return content;
  }

  async pass(size: number, to: (piece: Uint8Array) => void): Promise<void> {
    for (let left = size; left > 0; ) {
      if (this.#piece.length === 0 && !(await this.#more())) throw cut();
      const piece = this.#piece.subarray(0, left);
      this.#piece = this.#piece.subarray(piece.length);
      left -= piece.length;
      to(piece);
    }
    await this.#fill(size);
  }

  /** Reads to the end: only there it is known whether all this was the layer. */
  async finish(): Promise<void> {
    do this.#piece = Buffer.alloc(0);
    while (await this.#more());
  }

  async close(): Promise<void> {
    await this.#pieces.return?.();
  }

  async #fill(size: number): Promise<void> {
    await this.#upTo(-size & 511);
  }

  async #upTo(size: number): Promise<Buffer> {
    while (this.#piece.length < size && (await this.#more()));
    const taken = this.#piece.subarray(0, size);
    this.#piece = this.#piece.subarray(taken.length);
    return taken;
  }

  async #more(): Promise<boolean> {
    const { value, done } = await this.#pieces.next();
    if (done) return false;
    this.#taken += value.length;
    if (this.#taken > this.#maxBytes) {
      const limit = `more than ${this.#maxBytes} bytes; raise maxBytes if that is meant`;
      throw new ImageSpecError('LAYER_TOO_LARGE', `cannot read the layer: uncompressed it has ${limit}`);
    }
    this.#piece =
      this.#piece.length === 0
        ? Buffer.from(value.buffer as ArrayBuffer, value.byteOffset, value.length)
        : Buffer.concat([this.#piece, value]);
    return true;
  }
}

function cut(): ImageSpecError {
  return new ImageSpecError('LAYER_INVALID', 'cannot read the layer: the archive ends in the middle of an entry');
}
