/** The minimal Debian as an image of one layer, in an OCI layout. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdCompress } from 'node:zlib';
import { ImageLayout } from '@estiba/image-spec';
import { debianTar } from '../../tests/interop/debian-root.ts';

export const tag = 'debian';

/** `layer` is a tar, plain or compressed by gzip; `diffId` the digest of its content. */
export async function writeImage(directory: string, layer: string, diffId: string): Promise<void> {
  const layout = await ImageLayout.open(directory, { fsync: false });
  const json = (value: object, mediaType: string) => layout.write(Buffer.from(JSON.stringify(value)), { mediaType });
  const compression = layer.endsWith('.gz') ? '+gzip' : '';
  const blob = await layout.write(createReadStream(layer, { highWaterMark: 1 << 20 }), {
    mediaType: `application/vnd.oci.image.layer.v1.tar${compression}`,
  });
  const about = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Cmd: ['bash'] },
    rootfs: { type: 'layers', diff_ids: [diffId] },
  };
  const config = await json(about, 'application/vnd.oci.image.config.v1+json');
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  await layout.tag(tag, await json({ schemaVersion: 2, mediaType, config, layers: [blob] }, mediaType));
}

/** The layer without compression, written to `file`; its digest. */
export async function plainLayer(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(
    createReadStream(debianTar),
    createGunzip({ chunkSize: 1 << 20 }),
    async function* (pieces: AsyncIterable<Buffer>) {
      for await (const piece of pieces) {
        hash.update(piece);
        yield piece;
      }
    },
    createWriteStream(file),
  );
  return `sha256:${hash.digest('hex')}`;
}

/** The same compressed by zstd, level 3. */
export async function zstdLayer(plain: string, file: string): Promise<void> {
  await pipeline(createReadStream(plain, { highWaterMark: 1 << 20 }), createZstdCompress(), createWriteStream(file));
}
