/** A stream as pieces that are worth a trip to another thread. */
import type { Readable } from 'node:stream';
import { UnionfsError } from '../unionfs-error.ts';

/** Large ones: with 64 KiB a layer takes half as long again, nearly all of it spent between the threads. */
export const pieceSize = 1024 * 1024;

export interface PieceOptions {
  readonly signal?: AbortSignal | undefined;
  /** Nobody else holds the memory of what the stream gives. */
  readonly transfer?: boolean | undefined;
  /** Told of the bytes of each part before it is part of a piece. */
  readonly onBytes?: (bytes: number) => void;
}

/** Joins what a socket or file delivers; a piece is valid until the next is asked for. */
export async function* inPieces(source: Readable, options: PieceOptions = {}): AsyncGenerator<Buffer, void, undefined> {
  const { signal, transfer = false, onBytes = () => {} } = options;
  refuseRead(source);
  let parts: Buffer[] = [];
  let size = 0;
  const iterator = source.iterator({ destroyOnReturn: true });
  for await (const part of signal === undefined ? iterator : until(signal, source, iterator)) {
    const bytes = Buffer.isBuffer(part) ? part : Buffer.from(part as Uint8Array | string);
    onBytes(bytes.length);
    parts.push(bytes);
    size += bytes.length;
    if (size < pieceSize) continue;
    yield join(parts, size, transfer);
    parts = [];
    size = 0;
  }
  if (size > 0) yield join(parts, size, transfer);
}

/** What comes out of a stream that somebody has read, or begun to read, is another layer, and an empty one is none. */
function refuseRead(source: Readable): void {
  if (!source.readableDidRead && !source.destroyed) return;
  const why = source.destroyed && !source.readableEnded ? 'has been destroyed' : 'has been read already';
  throw new UnionfsError('LAYER_INVALID', `cannot read the layer: its stream ${why}; open a new one`, {
    cause: source.errored ?? undefined,
  });
}

/** Pieces whose memory may be given back, or to another thread. */
const ours = new WeakSet<Buffer>();

/** Marks a piece as one that nobody else holds. */
export function claim(piece: Buffer): Buffer {
  ours.add(piece);
  return piece;
}

/** The memory of a piece, to be given to another thread; a copy where somebody else may hold it. */
export function memoryOf(piece: Buffer): ArrayBuffer {
  if (ours.has(piece)) return piece.buffer as ArrayBuffer;
  return piece.buffer.slice(piece.byteOffset, piece.byteOffset + piece.length) as ArrayBuffer;
}

/**
 * To be called with a piece that has been used. Waiting for the collector costs a full collection every few pieces: memory
 * outside of the heap makes them frequent.
 */
export function giveBack(piece: Buffer): void {
  if (ours.has(piece) && !(piece.buffer as ArrayBuffer).detached) (piece.buffer as ArrayBuffer).transfer(0);
}

function join(parts: readonly Buffer[], size: number, transfer: boolean): Buffer {
  const [only] = parts;
  const piece = only !== undefined && parts.length === 1 ? only : Buffer.concat(parts, size);
  if (
    (parts.length > 1 || transfer) &&
    piece.buffer instanceof ArrayBuffer &&
    piece.buffer.byteLength === piece.length
  ) {
    claim(piece);
  }
  if (transfer && parts.length > 1) for (const part of parts) release(part);
  return piece;
}

function release({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached && buffer.byteLength === byteLength) buffer.transfer(0);
}

/** A source that has nothing to say must not keep an abort waiting. */
async function* until<T>(signal: AbortSignal, source: Readable, values: AsyncIterable<T>): AsyncGenerator<T> {
  const stop = () => source.destroy(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
  signal.throwIfAborted();
  signal.addEventListener('abort', stop, { once: true });
  try {
    yield* values;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
