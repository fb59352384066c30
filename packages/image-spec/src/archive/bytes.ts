import type { FileHandle } from 'node:fs/promises';
import { ImageSpecError } from '../error.ts';

/** An archive, read from its beginning to its end. */
export interface Bytes {
  /** Bytes read and passed over. */
  readonly position: number;
  /** Fewer bytes only at the end. */
  read(length: number): Promise<Buffer>;
  /** Throws ARCHIVE_TRUNCATED. */
  skip(length: number): Promise<void>;
  /** Throws ARCHIVE_TRUNCATED. */
  chunks(length: number): AsyncGenerator<Buffer>;
}

const pieceBytes = 1024 * 1024;

/** A file, in which what is passed over is not read. */
export function bytesOfFile(file: FileHandle, size: number, place: string): Bytes {
  let position = 0;
  const read = async (length: number) => {
    const buffer = Buffer.allocUnsafeSlow(Math.max(Math.min(length, size - position), 0));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    position += bytesRead;
    return buffer.subarray(0, bytesRead);
  };
  return {
    get position() {
      return position;
    },
    read,
    async skip(length) {
      if (position + length > size) throw truncated(place, size);
      position += length;
    },
    async *chunks(length) {
      for (let left = length; left > 0; ) {
        const chunk = await read(Math.min(left, pieceBytes));
        if (chunk.length === 0) throw truncated(place, position);
        left -= chunk.length;
        yield chunk;
      }
    },
  };
}

/** A stream; whoever leaves before its end lets go of it by `close`. */
export function bytesOfStream(
  stream: AsyncIterable<Uint8Array>,
  place: string,
): Bytes & { readonly close: () => Promise<void> } {
  const source = stream[Symbol.asyncIterator]();
  let position = 0;
  let rest: Buffer = Buffer.alloc(0);
  /** Something, but not more than asked for; nothing only at the end. */
  const some = async (most: number) => {
    while (rest.length === 0) {
      const { value, done } = await source.next();
      if (done === true) return rest;
      rest = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }
    const chunk = rest.subarray(0, most);
    rest = rest.subarray(chunk.length);
    position += chunk.length;
    return chunk;
  };
  async function* chunks(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0; ) {
      const chunk = await some(left);
      if (chunk.length === 0) throw truncated(place, position);
      left -= chunk.length;
      yield chunk;
    }
  }
  return {
    get position() {
      return position;
    },
    async read(length) {
      const parts: Buffer[] = [];
      for (let left = length; left > 0; ) {
        const chunk = await some(left);
        if (chunk.length === 0) break;
        left -= chunk.length;
        parts.push(chunk);
      }
      return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    },
    async skip(length) {
      for await (const _ of chunks(length));
    },
    chunks,
    async close() {
      await source.return?.();
    },
  };
}

export function truncated(place: string, position: number): ImageSpecError {
  return new ImageSpecError(
    'ARCHIVE_TRUNCATED',
    `cannot read ${place}: it ends in the middle, after ${position} bytes`,
  );
}
