/** Layers come as plain tar, gzip or zstd; what they are is told by their first bytes, whatever anybody says they are. */
import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';
import { UnionfsError } from '../unionfs-error.ts';
import { giveBack, pieceSize } from './pieces.ts';
import { ZstdFrames } from './zstd-frames.ts';

/**
 * The uncompressed bytes of what comes in pieces (see inPieces), each piece valid until the next is asked for. They end only after the compressed ones have been
 * read to their end. A broken stream, or one in a compression we do not know, throws a UnionfsError.
 */
export async function* decompress(pieces: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  const first = await pieces.next();
  if (first.done) return;
  const rest = chain(first.value, pieces);
  const decoder = decoderOf(first.value);
  if (decoder === undefined) {
    yield* rest;
    return;
  }
  const fed = feed(decoder, isGzip(first.value) ? rest : inFrames(rest));
  // Waited for only when all has been read.
  fed.catch(() => {});
  try {
    for await (const piece of decoder) {
      yield piece as Buffer;
      release(piece as Buffer);
    }
    await fed;
  } catch (error) {
    throw isCodecError(error) ? broken(error) : error;
  }
}

type Decoder = Gunzip | ZstdDecompress;

function decoderOf(head: Buffer): Decoder | undefined {
  // As objects, or a reader that is behind gets all that is ready copied into one.
  const options = {
    chunkSize: pieceSize,
    readableObjectMode: true,
    readableHighWaterMark: 4,
    writableHighWaterMark: pieceSize,
  };
  if (isGzip(head)) return createGunzip(options);
  const isZstd = startsWith(head, [0x28, 0xb5, 0x2f, 0xfd]);
  // A frame that decoders skip; some writers put their index into one.
  const isSkippable = ((head[0] ?? 0) & 0xf0) === 0x50 && startsWith(head.subarray(1), [0x2a, 0x4d, 0x18]);
  if (isZstd || isSkippable) return createZstdDecompress(options);
  const other = startsWith(head, [0xfd, 0x37, 0x7a, 0x58, 0x5a])
    ? 'xz'
    : startsWith(head, [0x42, 0x5a, 0x68])
      ? 'bzip2'
      : undefined;
  if (other === undefined) return undefined;
  throw new UnionfsError('LAYER_INVALID', `cannot unpack the layer: it is compressed by ${other}; use gzip or zstd`);
}

function isGzip(head: Buffer): boolean {
  return startsWith(head, [0x1f, 0x8b]);
}

/** Writes all to the decoder, which may want no more of it before the end; then only zeros may follow, as tapes have them. */
async function feed(decoder: Decoder, pieces: AsyncIterable<Buffer>): Promise<void> {
  let stopped = () => {};
  // Errors arrive at its reader; one that comes after its end, through the promise.
  for (const event of ['end', 'close', 'error']) decoder.on(event, () => stopped());
  let given = 0;
  try {
    for await (const piece of pieces) {
      given += piece.length;
      let used = false;
      if (!decoder.readableEnded && !decoder.destroyed) {
        await new Promise<void>((resolve) => {
          stopped = resolve;
          // It may never call back when it wants no more.
          decoder.write(piece, (error) => {
            used = !error;
            resolve();
          });
        });
      }
      if (decoder.destroyed && !decoder.readableEnded) return;
      refuseGarbage(piece.subarray(Math.max(piece.length - (given - decoder.bytesWritten), 0)));
      // One that was destroyed may still be reading it in another thread.
      if (used) giveBack(piece);
    }
    decoder.end();
  } catch (error) {
    decoder.destroy(error as Error);
    throw error;
  }
}

function refuseGarbage(bytes: Buffer): void {
  if (bytes.every((byte) => byte === 0)) return;
  throw new UnionfsError('LAYER_INVALID', 'cannot decompress the layer: something else follows its compressed content');
}

async function* inFrames(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const frames = new ZstdFrames();
  for await (const piece of pieces) yield* frames.cut(piece);
}

/**
 * Memory outside of the heap is given back as soon as the last part of it has been used: waiting for the collector costs a
 * full collection every few pieces, a fifth of all the time. The decoder hands out each block of memory from its beginning
 * to its end, and takes a new one then.
 */
function release({ buffer, byteOffset, length }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === pieceSize && byteOffset + length === pieceSize)
    buffer.transfer(0);
}

async function* chain(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* { [Symbol.asyncIterator]: () => rest };
}

function startsWith(bytes: Buffer, magic: readonly number[]): boolean {
  return magic.every((byte, at) => bytes[at] === byte);
}

function isCodecError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && /^(Z_|ZSTD_)/.test(String(error.code));
}

function broken(cause: NodeJS.ErrnoException): UnionfsError {
  const cut = cause.code === 'Z_BUF_ERROR';
  return new UnionfsError('LAYER_INVALID', `cannot decompress the layer: ${cut ? 'it is cut off' : cause.message}`, {
    cause,
  });
}
