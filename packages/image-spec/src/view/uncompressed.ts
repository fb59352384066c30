import type { Transform } from 'node:stream';
import { ImageSpecError } from '../error.ts';
import { zstdFrames } from './zstd-frames.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

export interface Uncompressed {
  readonly compression: Compression;
  readonly pieces: AsyncIterable<Uint8Array>;
}

/**
 * A layer as plain tar. What it is compressed by is told by its first bytes, whatever its media type says.
 * Throws LAYER_INVALID for another compression, or while reading for a stream that is broken or cut.
 */
export async function uncompressed(stored: AsyncIterable<Uint8Array>): Promise<Uncompressed> {
  const rest = stored[Symbol.asyncIterator]();
  const head = await lookAhead(rest, 6);
  const compression = compressionOf(head);
  if (typeof compression !== 'string') {
    // Whoever writes into it would wait for ever.
    await rest.return?.();
    throw compression;
  }
  const all = joined(head, rest);
  if (compression === 'none') return { compression, pieces: all };
  return { compression, pieces: decode(compression, compression === 'zstd' ? zstdFrames(all) : all) };
}

async function* decode(
  compression: Exclude<Compression, 'none'>,
  stored: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const { createGunzip, createZstdDecompress } = await import('node:zlib');
  const options = { chunkSize: 256 * 1024 };
  const decoder = compression === 'gzip' ? createGunzip(options) : createZstdDecompress(options);
  const fed = feed(decoder, stored);
  // Looked at only when all has been read.
  fed.catch(() => {});
  try {
    yield* decoder as AsyncIterable<Uint8Array>;
    decoder.destroy();
    await fed;
  } catch (error) {
    throw isCodecError(error) ? broken(error) : error;
  } finally {
    decoder.destroy();
  }
}

async function feed(decoder: Transform, stored: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const piece of stored) {
      if (decoder.destroyed) return;
      if (!decoder.write(piece)) await drained(decoder);
    }
    decoder.end();
  } catch (error) {
    decoder.destroy(error as Error);
  }
}

/** Or closed: a decoder that has all it wants takes no more. */
function drained(decoder: Transform): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      decoder.off('drain', go).off('close', go);
      resolve();
    };
    decoder.on('drain', go).on('close', go);
  });
}

async function lookAhead(rest: AsyncIterator<Uint8Array>, bytes: number): Promise<Uint8Array> {
  let head = Buffer.alloc(0);
  while (head.length < bytes) {
    const { value, done } = await rest.next();
    if (done) break;
    head = head.length === 0 ? asBuffer(value) : Buffer.concat([head, value]);
  }
  return head;
}

async function* joined(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head;
    for (let piece = await rest.next(); !piece.done; piece = await rest.next()) yield piece.value;
  } finally {
    await rest.return?.();
  }
}

function compressionOf(head: Uint8Array): Compression | ImageSpecError {
  if (startsWith(head, [0x1f, 0x8b])) return 'gzip';
  if (startsWith(head, [0x28, 0xb5, 0x2f, 0xfd])) return 'zstd';
  // A frame that decoders skip; some writers put their index into one.
  if (((head[0] ?? 0) & 0xf0) === 0x50 && startsWith(head.subarray(1), [0x2a, 0x4d, 0x18])) return 'zstd';
  const other = startsWith(head, [0xfd, 0x37, 0x7a, 0x58, 0x5a])
    ? 'xz'
    : startsWith(head, [0x42, 0x5a, 0x68])
      ? 'bzip2'
      : undefined;
  if (other === undefined) return 'none';
  return new ImageSpecError(
    'LAYER_INVALID',
    `cannot read the layer: it is compressed by ${other}; layers are compressed by gzip, zstd, or not at all`,
  );
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, at) => bytes[at] === byte);
}

function asBuffer(bytes: Uint8Array): Buffer<ArrayBuffer> {
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}

function isCodecError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && /^(Z_|ZSTD_)/.test(String(error.code));
}

function broken(cause: NodeJS.ErrnoException): ImageSpecError {
  const cut = cause.code === 'Z_BUF_ERROR';
  return new ImageSpecError('LAYER_INVALID', `cannot decompress the layer: ${cut ? 'it is cut off' : cause.message}`, {
    cause,
  });
}
