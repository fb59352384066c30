import type { Readable } from 'node:stream';
import { ImageSpecError } from '../error.ts';
import { zstdFrames } from '../view/zstd-frames.ts';

export type Compression = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2';

/** As many bytes as tell them apart. */
export const magicBytes = 6;

/** How a content begins tells how it is compressed. RFC 1952, RFC 8878, xz-file-format 2.1.1.1 */
export function compressionOf(start: Uint8Array): Compression {
  const hex = Buffer.from(start.buffer, start.byteOffset, Math.min(start.length, magicBytes)).toString('hex');
  return magics.find(([magic]) => magic.test(hex))?.[1] ?? 'none';
}

const magics: readonly (readonly [RegExp, Compression])[] = [
  [/^1f8b/, 'gzip'],
  // The second is of a frame that is skipped: some writers begin with one.
  [/^(28b52ffd|5.2a4d18)/, 'zstd'],
  [/^fd377a585a00/, 'xz'],
  [/^425a68/, 'bzip2'],
];

/**
 * The content uncompressed, by how it begins and not by what it is said to be. Throws ARCHIVE_COMPRESSED for what Node cannot
 * read; the stream fails with ARCHIVE_INVALID or ARCHIVE_TRUNCATED.
 */
export async function decompressed(content: Readable, place: string): Promise<AsyncIterable<Uint8Array>> {
  const source: AsyncIterator<Uint8Array> = content[Symbol.asyncIterator]();
  let start: Buffer = Buffer.alloc(0);
  while (start.length < magicBytes) {
    const { value, done } = await source.next();
    if (done === true) break;
    start = Buffer.concat([start, value]);
  }
  const compression = compressionOf(start);
  if (compression === 'none') return continued(start, source);
  if (compression === 'gzip' || compression === 'zstd') return inflate(continued(start, source), compression, place);
  await source.return?.();
  const why = `it is compressed with ${compression}; decompress it first: ${compression} -d`;
  throw new ImageSpecError('ARCHIVE_COMPRESSED', `cannot read ${place}: ${why}`);
}

const chunkSize = 256 * 1024;

async function* inflate(
  content: AsyncIterable<Uint8Array>,
  compression: 'gzip' | 'zstd',
  place: string,
): AsyncGenerator<Uint8Array> {
  const { createGunzip, createZstdDecompress } = await import('node:zlib');
  const { pipeline } = process.getBuiltinModule('node:stream');
  const codec = compression === 'gzip' ? createGunzip({ chunkSize }) : createZstdDecompress({ chunkSize });
  // A failure of the content destroys the codec, and the loop below fails with it.
  pipeline(compression === 'zstd' ? zstdFrames(content) : content, codec, () => {});
  try {
    for await (const chunk of codec) yield chunk;
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    if (!/^Z_|^ZSTD|^ERR_ZLIB|^LAYER_INVALID$/.test(code)) throw cause;
    const kind = code === 'Z_BUF_ERROR' ? 'ARCHIVE_TRUNCATED' : 'ARCHIVE_INVALID';
    throw new ImageSpecError(kind, `cannot decompress ${place}: ${message}`, { cause });
  } finally {
    codec.destroy();
  }
}

async function* continued(start: Buffer, source: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield start;
    for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value;
  } finally {
    await source.return?.();
  }
}
