import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openContent } from '../../src/layer/content.ts';
import { inPieces, type PieceOptions } from '../../src/layer/pieces.ts';

/** Compressed, it is far beyond what a layer has to have for a thread of its own. */
const content = Buffer.concat([randomBytes(6_000_000), Buffer.alloc(9_000_000, 'text '), randomBytes(1_500_000)]);
const digest = createHash('sha256').update(content).digest('hex');

describe('the content of a large layer', () => {
  it.each([
    ['gzip', gzipSync(content)],
    [
      'gzip in two members',
      Buffer.concat([content.subarray(0, 7_000_001), content.subarray(7_000_001)].map((part) => gzipSync(part))),
    ],
    ['zstd', zstdCompressSync(content)],
    ['nothing', content],
  ])('compressed by %s comes out of another thread as it went in', async (_, bytes) => {
    for (const size of [65_536, 3_000_000]) {
      const read = await readAll(bytes, size);
      expect(read.content.equals(content)).toBe(true);
      expect(read.digest).toBe(digest);
    }
  });

  it.each([
    ['cut off', gzipSync(content).subarray(0, -4), /is cut off/],
    [
      'followed by something else',
      Buffer.concat([gzipSync(content), randomBytes(3_000_000)]),
      /cannot decompress the layer/,
    ],
    ['compressed by xz', Buffer.concat([Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), content]), /compressed by xz/],
  ])('that is %s is refused in the same words', async (_, bytes, message) => {
    await expect(readAll(bytes, 1_000_000)).rejects.toMatchObject({
      name: 'UnionfsError',
      code: 'LAYER_INVALID',
      message: expect.stringMatching(message),
    });
  });

  it('may end in the middle of reading', async () => {
    await using opened = await openContent(inPieces(Readable.from(parts(gzipSync(content), 65_536))), 'sha256');
    for await (const piece of opened.pieces) {
      expect(piece.equals(content.subarray(0, piece.length))).toBe(true);
      break;
    }
  });

  it('that breaks off fails with the reason of its source', async () => {
    async function* broken() {
      yield* parts(gzipSync(content), 1_000_000).slice(0, 6);
      throw new Error('the line is dead');
    }
    await expect(readAll(broken())).rejects.toThrow('the line is dead');
  });

  it('obeys an abort while its source has nothing to say', async () => {
    const stop = new AbortController();
    const silent = new Readable({ read: () => {} });
    for (const part of parts(gzipSync(content), 1_000_000).slice(0, 6)) silent.push(part);
    setTimeout(() => stop.abort(new Error('enough')), 20);
    await expect(readAll(silent, 0, { signal: stop.signal })).rejects.toThrow('enough');
  });
});

describe('the memory of a stream', () => {
  it('stays with who made it', async () => {
    const given = parts(gzipSync(content), 2_000_000).map((part) => Buffer.from(new Uint8Array(part)));
    const lengths = given.map(({ length }) => length);
    await readAll(Readable.from(given));
    expect(given.map(({ length }) => length)).toEqual(lengths);
    expect((await readAll(Readable.from(given))).digest).toBe(digest);
  });

  it.each([65_536, 2_000_000])('is released in pieces of %i bytes when it was given away', async (size) => {
    const given = parts(gzipSync(content), size).map((part) => Buffer.from(new Uint8Array(part).buffer));
    expect((await readAll(Readable.from(given), 0, { transfer: true })).digest).toBe(digest);
    expect(given.every(({ length }) => length === 0)).toBe(true);
  });

  it('is not released where it is part of somebody else’s', async () => {
    const whole = Buffer.from(new Uint8Array(gzipSync(content)).buffer);
    await readAll(Readable.from(parts(whole, 2_000_000)), 0, { transfer: true });
    expect((await readAll(whole, 2_000_000)).digest).toBe(digest);
  });
});

async function readAll(
  source: Buffer | AsyncIterable<Buffer>,
  size = 1_000_000,
  options: PieceOptions = {},
): Promise<{ content: Buffer; digest: string }> {
  const given = Buffer.isBuffer(source) ? parts(source, size) : source;
  const stream = given instanceof Readable ? given : Readable.from(given);
  await using opened = await openContent(inPieces(stream, options), 'sha256');
  const pieces: Buffer[] = [];
  for await (const piece of opened.pieces) {
    opened.passed(piece);
    pieces.push(Buffer.from(piece));
  }
  return { content: Buffer.concat(pieces), digest: opened.digest() };
}

function parts(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
}
