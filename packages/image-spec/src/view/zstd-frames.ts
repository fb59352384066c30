import { ImageSpecError } from '../error.ts';

/**
 * Where the frames of a zstd stream end. Some writers make many, one for each file, or put an index into the last: all of
 * them count. Node's decoder goes on from one frame to the next only where a write ends with the frame; what is left of a
 * write it drops without a word. https://www.rfc-editor.org/rfc/rfc8878#section-3.1
 *
 *     magic, header | block header, block | block header, block | … | checksum
 */
export async function* zstdFrames(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const walk = parts();
  let { value: wanted } = walk.next() as { value: Part };
  let seen = Buffer.alloc(0);
  for await (const piece of pieces) {
    let from = 0;
    for (let at = 0; at < piece.length; ) {
      const taken = piece.subarray(at, at + wanted.bytes - (wanted.read ? seen.length : 0));
      at += taken.length;
      if (wanted.read) seen = Buffer.concat([seen, taken]);
      else wanted.bytes -= taken.length;
      if (wanted.read ? seen.length < wanted.bytes : wanted.bytes > 0) continue;
      wanted = next(walk, seen);
      seen = Buffer.alloc(0);
      if (!wanted.ends) continue;
      wanted = next(walk, seen);
      yield piece.subarray(from, at);
      from = at;
    }
    if (from < piece.length) yield piece.subarray(from);
  }
}

interface Part {
  bytes: number;
  /** Whether its bytes are looked at. */
  readonly read?: boolean;
  /** Nothing is wanted: the frame is complete. */
  readonly ends?: boolean;
}

function next(walk: Generator<Part, never, Buffer>, seen: Buffer): Part {
  let part = walk.next(seen).value;
  while (part.bytes === 0 && part.ends !== true) part = walk.next(Buffer.alloc(0)).value;
  return part;
}

function* parts(): Generator<Part, never, Buffer> {
  for (;;) {
    const magic = (yield { bytes: 4, read: true }).readUInt32LE();
    // Of a frame that holds no content.
    if (magic >>> 4 === 0x0184d2a5) yield { bytes: (yield { bytes: 4, read: true }).readUInt32LE() };
    else if (magic === 0xfd2fb528) yield* frame();
    else throw new ImageSpecError('LAYER_INVALID', 'cannot decompress the layer: what follows a zstd frame is none');
    yield { bytes: 0, ends: true };
  }
}

function* frame(): Generator<Part, void, Buffer> {
  const descriptor = (yield { bytes: 1, read: true }).readUInt8();
  const single = (descriptor & 0x20) !== 0;
  const sizes = [single ? 1 : 0, 2, 4, 8];
  const dictionaries = [0, 1, 2, 4];
  yield { bytes: (single ? 0 : 1) + (dictionaries[descriptor & 3] ?? 0) + (sizes[descriptor >> 6] ?? 0) };
  for (;;) {
    const header = (yield { bytes: 3, read: true }).readUIntLE(0, 3);
    const repeated = ((header >> 1) & 3) === 1;
    yield { bytes: repeated ? 1 : header >> 3 };
    if ((header & 1) === 1) break;
  }
  yield { bytes: descriptor & 4 ? 4 : 0 };
}
