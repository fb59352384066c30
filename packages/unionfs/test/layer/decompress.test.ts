import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { gzipSync, constants as zlib, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decompress } from '../../src/layer/decompress.ts';
import { inPieces } from '../../src/layer/pieces.ts';

const content = Buffer.concat([randomBytes(1_500_000), Buffer.alloc(5_000_000, 'text '), randomBytes(1_500_000)]);
const parts = [content.subarray(0, 2_000_000), content.subarray(2_000_000, 2_000_001), content.subarray(2_000_001)];
const withChecksum = { params: { [zlib.ZSTD_c_checksumFlag]: 1 } };
const frameWithoutContent = Buffer.from([0x51, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
/** Over a network, a stream comes in pieces that have nothing to do with what is in it. */
const pieceSizes = [777, 65_536, 10_000_000];

describe('a compressed stream', () => {
  it.each([
    ['gzip', gzipSync(content)],
    ['gzip in several members', Buffer.concat(parts.map((part) => gzipSync(part)))],
    ['gzip filled up with zeros', Buffer.concat([gzipSync(content), Buffer.alloc(3_000_000)])],
    ['zstd', zstdCompressSync(content)],
    ['zstd with a checksum', zstdCompressSync(content, withChecksum)],
    ['zstd in several frames', Buffer.concat(parts.map((part) => zstdCompressSync(part)))],
    ['zstd in several frames with checksums', Buffer.concat(parts.map((part) => zstdCompressSync(part, withChecksum)))],
    [
      'zstd with frames before, in and after it that hold nothing',
      Buffer.concat(parts.flatMap((part) => [frameWithoutContent, zstdCompressSync(part)]).concat(frameWithoutContent)),
    ],
    ['zstd of nothing, then of something', Buffer.concat([zstdCompressSync(''), zstdCompressSync(content)])],
    ['nothing', content],
  ])('by %s is read whole, and to its end', async (_, bytes) => {
    for (const size of pieceSizes) {
      const given = source(bytes, size);
      expect((await read(given.stream)).equals(content)).toBe(true);
      expect(given.isRead()).toBe(true);
    }
  });

  it.each([
    ['gzip that is cut off', gzipSync(content).subarray(0, -4)],
    ['gzip whose second member is cut off', Buffer.concat([gzipSync(content), gzipSync(content).subarray(0, 30)])],
    ['gzip with garbage behind it', Buffer.concat([gzipSync(content), randomBytes(3_000_000)])],
    [
      'gzip with garbage behind zeros',
      Buffer.concat([gzipSync(content), Buffer.alloc(20), randomBytes(3_000_000).fill(1)]),
    ],
    ['zstd that is cut off', zstdCompressSync(content).subarray(0, -4)],
    [
      'zstd whose second frame is cut off',
      Buffer.concat([zstdCompressSync(content), zstdCompressSync(content).subarray(0, -1)]),
    ],
    ['zstd with garbage behind it', Buffer.concat([zstdCompressSync(content), Buffer.alloc(3_000_000, 1)])],
    ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])],
  ])('by %s is refused', async (_, bytes) => {
    for (const size of pieceSizes) {
      await expect(read(source(bytes, size).stream)).rejects.toMatchObject({ code: 'LAYER_INVALID' });
    }
  });

  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('by %s fails with its source, though all of the content was there', async (_, compress) => {
    const stream = Readable.from(
      (async function* () {
        yield compress(content);
        throw new Error('the digest is another one');
      })(),
    );
    await expect(read(stream)).rejects.toThrow('the digest is another one');
  });

  it('is let go of by a reader that stops early', async () => {
    const { stream } = source(gzipSync(content), 65_536);
    for await (const _ of decompress(inPieces(stream))) break;
    stream.destroy();
    expect(stream.readableEnded).toBe(false);
  });
});

function source(bytes: Buffer, size: number): { stream: Readable; isRead: () => boolean } {
  let isRead = false;
  const stream = Readable.from(
    (async function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      isRead = true;
    })(),
  );
  return { stream, isRead: () => isRead };
}

/** Copies each piece, which is valid only until the next is asked for. */
async function read(stream: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of decompress(inPieces(stream))) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}
