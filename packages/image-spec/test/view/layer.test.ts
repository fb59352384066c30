import { createCipheriv } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { type BlobSource, type Layer, openImage } from '../../src/index.ts';
import { type MadeLayer, made } from '../made.ts';

// The same noise each time; it stays long when it is compressed.
const tar = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(300_000));
const halves = [tar.subarray(0, 100_000), tar.subarray(100_000)] as const;
const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

async function layerOf(layer: MadeLayer, pieceBytes?: number): Promise<Layer> {
  const { store, descriptor } = await made([layer]);
  const source: BlobSource = {
    blob: async (wanted) => {
      const bytes = await buffer(await store.blob(wanted));
      return pieceBytes === undefined ? Readable.from([bytes]) : Readable.from(pieces(bytes, pieceBytes));
    },
  };
  for await (const first of (await openImage(source, descriptor)).layers()) return first;
  throw new Error('there is no layer');
}

function* pieces(bytes: Buffer, length: number): Iterable<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

const forms: Record<string, Buffer> = {
  plain: tar,
  gzip: gzipSync(tar),
  'gzip in two members': Buffer.concat(halves.map((half) => gzipSync(half))),
  zstd: zstdCompressSync(tar),
  'zstd in two frames with something to skip': Buffer.concat([
    zstdCompressSync(halves[0]),
    skippable,
    zstdCompressSync(halves[1]),
    skippable,
  ]),
  'zstd that begins with something to skip': Buffer.concat([skippable, zstdCompressSync(tar)]),
};

test.each(Object.entries(forms))('%s is uncompressed, whatever the media type says', async (_, bytes) => {
  for (const length of [undefined, 7919]) {
    const layer = await layerOf({ bytes, tar }, length);
    expect((await buffer(await layer.uncompressed())).equals(tar)).toBe(true);
    expect((await buffer(await layer.open())).equals(bytes)).toBe(true);
  }
});

test('an empty layer is uncompressed to nothing', async () => {
  const layer = await layerOf({ bytes: Buffer.alloc(0) });
  expect(await buffer(await layer.uncompressed())).toHaveLength(0);
});

test('content that is not that of the diff id is an error before the end', async () => {
  const layer = await layerOf({ bytes: gzipSync(Buffer.from('other')), tar });
  await expect(layer.uncompressed().then(buffer)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
});

test.each(['gzip', 'zstd'])('a %s stream that is cut is an error', async (form) => {
  const bytes = (forms[form] as Buffer).subarray(0, -1000);
  const layer = await layerOf({ bytes, tar });
  await expect(layer.uncompressed().then(buffer)).rejects.toMatchObject({ code: 'LAYER_INVALID' });
});

test.each([
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]],
  ['bzip2', [0x42, 0x5a, 0x68, 0x39, 0, 0]],
])('%s is named in the refusal', async (name, magic) => {
  const layer = await layerOf({ bytes: Buffer.from(magic) });
  await expect(layer.uncompressed()).rejects.toThrow(`compressed by ${name}`);
});

test('a failing source fails the stream, and whoever stops reading stops the source', async () => {
  const { store, descriptor } = await made([{ bytes: forms.gzip as Buffer, tar }]);
  let closed = 0;
  let fail = true;
  const source: BlobSource = {
    blob: async (wanted, options) => {
      if (wanted.size < 10_000) return store.blob(wanted, options);
      const stream = Readable.from(
        (async function* () {
          yield (forms.gzip as Buffer).subarray(0, 50_000);
          if (fail) throw new Error('the line is down');
          yield (forms.gzip as Buffer).subarray(50_000);
        })(),
      );
      return stream.on('close', () => {
        closed += 1;
      });
    },
  };
  for await (const layer of (await openImage(source, descriptor)).layers()) {
    await expect(layer.uncompressed().then(buffer)).rejects.toThrow('the line is down');
    fail = false;
    for await (const _ of await layer.uncompressed()) break;
    await expect.poll(() => closed).toBe(2);
  }
});

test.each<[string, Buffer, (layer: Layer) => Promise<void>]>([
  ['it is compressed by xz', Buffer.concat([Buffer.from('fd377a585a00', 'hex'), tar]), refused],
  ['nobody wants it any more', tar, discarded],
  ['nobody wants it any more', gzipSync(tar), discarded],
  ['nobody wants it any more', zstdCompressSync(tar), discarded],
])('what a layer is read from is closed where %s', async (_, bytes, use) => {
  const { store, descriptor } = await made([{ bytes, tar }]);
  const closed: Promise<void>[] = [];
  const source: BlobSource = {
    blob: async (wanted) => {
      // Held back: what was read to its end closes by itself.
      const content = Readable.from(pieces(await buffer(await store.blob(wanted)), 1000), { highWaterMark: 1 });
      if (wanted.size === bytes.length) closed.push(new Promise((resolve) => content.once('close', resolve)));
      return content;
    },
  };
  for await (const layer of (await openImage(source, descriptor)).layers()) await use(layer);
  expect(closed).toHaveLength(1);
  await Promise.all(closed);
});

async function refused(layer: Layer): Promise<void> {
  await expect(layer.uncompressed()).rejects.toMatchObject({ code: 'LAYER_INVALID' });
}

async function discarded(layer: Layer): Promise<void> {
  (await layer.uncompressed()).destroy();
}
