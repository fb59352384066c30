import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

/** Pieces as a stream, made as they are asked for, with breaks for others every few milliseconds. */
export function archiveStream(pieces: () => Iterable<Buffer>, signal?: AbortSignal): Readable {
  return Readable.from(inTurns(pieces, signal), { objectMode: false, highWaterMark: 1024 * 1024 });
}

const longest = 5;

/** When the stream is destroyed the pieces are told to return, which closes what they have open. */
async function* inTurns(pieces: () => Iterable<Buffer>, signal?: AbortSignal): AsyncGenerator<Buffer> {
  let since = performance.now();
  for (const piece of pieces()) {
    signal?.throwIfAborted();
    if (piece.length > 0) yield piece;
    if (performance.now() - since < longest) continue;
    await setImmediate();
    since = performance.now();
  }
  signal?.throwIfAborted();
}
