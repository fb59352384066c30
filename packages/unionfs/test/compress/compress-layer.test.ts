import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync, inflateRawSync, zstdDecompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { type CompressOptions, compressLayer } from '../../src/compress/compress-layer.ts';

const MiB = 1024 * 1024;
/** Compressible, and different all the way. */
const tar = Buffer.concat(
  Array.from({ length: 40_000 }, (_, at) => Buffer.from(`line ${at * 7919} of ${at % 13}, and on\n`.repeat(3))),
);

const decompressors = { gzip: gunzipSync, zstd: zstdDecompressSync, none: (bytes: Buffer) => bytes } as const;
const types = { gzip: 'tar+gzip', zstd: 'tar+zstd', none: 'tar' } as const;

it.each(['gzip', 'zstd', 'none'] as const)('describes a layer compressed by %s as it is', async (compression) => {
  const { blob, layer } = compressLayer(Readable.from([tar]), { compression });
  const bytes = await buffer(blob);
  expect(decompressors[compression](bytes).equals(tar)).toBe(true);
  expect(await layer).toEqual({
    mediaType: `application/vnd.oci.image.layer.v1.${types[compression]}`,
    digest: digest(bytes),
    size: bytes.length,
    diffId: digest(tar),
    diffSize: tar.length,
  });
});

it('takes gzip unless it is told otherwise, and is no larger than by one thread', async () => {
  const bytes = await compressed([tar]);
  expect(bytes.equals(await compressed([tar], { compression: 'gzip', level: 6 }))).toBe(true);
  expect(bytes.length).toBeLessThan(gzipSync(tar).length * 1.005);
});

it('knows in each portion what came before it', async () => {
  const block = randomBytes(30_000);
  const bytes = await compressed([Buffer.alloc(4 * MiB, block)]);
  expect(bytes.length).toBeLessThan(3 * block.length);
});

it.each([
  ['gzip', [0, 1, 6, 9]],
  ['zstd', [1, 3]],
] as const)('makes the same bytes by %s however the tar arrives, at every level', async (compression, levels) => {
  for (const level of levels) {
    const whole = await compressed([tar], { compression, level });
    expect(decompressors[compression](whole).equals(tar), `level ${level}`).toBe(true);
    for (const size of [65_536, 100_001, MiB + 1]) {
      expect((await compressed(cut(tar, size), { compression, level })).equals(whole), `level ${level}`).toBe(true);
    }
  }
});

it('writes one gzip member, without time, name or operating system', async () => {
  const bytes = await compressed([tar]);
  expect([...bytes.subarray(0, 10)]).toEqual([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
  const { buffer: content, engine } = inflateRawSync(bytes.subarray(10), { info: true }) as unknown as {
    buffer: Buffer;
    engine: { bytesWritten: number };
  };
  expect(content.equals(tar)).toBe(true);
  expect(10 + engine.bytesWritten + 8).toBe(bytes.length);
});

it.each([0, 1, MiB - 1, MiB, MiB + 1, 2 * MiB])('compresses a tar of %i bytes', async (size) => {
  const bytes = Buffer.alloc(size, 'abc');
  expect(gunzipSync(await compressed([bytes])).equals(bytes)).toBe(true);
  expect(zstdDecompressSync(await compressed([bytes], { compression: 'zstd' })).equals(bytes)).toBe(true);
});

it.each([
  [{ level: 10 }, 'cannot compress by gzip at level 10: there are 0 to 9'],
  [{ level: 1.5 }, 'cannot compress by gzip at level 1.5: there are 0 to 9'],
  [{ compression: 'zstd', level: 0 }, 'cannot compress by zstd at level 0: there are 1 to 22'],
  [{ compression: 'none', level: 1 }, 'cannot compress by none at level 1: it has none'],
] as const)('refuses a level that there is not: %j', (options, message) => {
  expect(() => compressLayer(Readable.from([]), options)).toThrow(
    expect.objectContaining({ code: 'NAME_INVALID', message }),
  );
});

it.each(['gzip', 'zstd', 'none'] as const)('fails with its source, by %s', async (compression) => {
  const source = Readable.from(
    (async function* () {
      yield tar;
      throw new Error('the disk is gone');
    })(),
  );
  const { blob, layer } = compressLayer(source, { compression });
  await expect(buffer(blob)).rejects.toThrow('the disk is gone');
  await expect(layer).rejects.toThrow('the disk is gone');
});

it.each(['gzip', 'zstd', 'none'] as const)('ends its source when it is given up, by %s', async (compression) => {
  const source = Readable.from(endless(), { objectMode: false });
  const { blob, layer } = compressLayer(source, { compression });
  for await (const _ of blob) break;
  await expect(layer).rejects.toThrow('given up before its end');
  expect(source.destroyed).toBe(true);
});

it('stops when it is aborted', async () => {
  const controller = new AbortController();
  const source = Readable.from(endless(), { objectMode: false });
  const { blob, layer } = compressLayer(source, { signal: controller.signal });
  const read = buffer(blob);
  controller.abort(new Error('enough'));
  await expect(read).rejects.toThrow('enough');
  await expect(layer).rejects.toThrow('enough');
});

async function compressed(pieces: Iterable<Buffer>, options: CompressOptions = {}): Promise<Buffer> {
  return buffer(compressLayer(Readable.from(pieces, { objectMode: false }), options).blob);
}

function* cut(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function* endless(): AsyncGenerator<Buffer> {
  for (;;) yield tar;
}

function digest(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
