/** An image whose layers cannot be compressed any further, as those of registries: the same bytes in every run. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type Descriptor, ImageLayout } from '@estiba/image-spec';
import { tag } from './debian-image.ts';
import { randomFrom } from './pseudo-random.ts';

/** So many layers of so many bytes each. */
export async function writeRandomImage(directory: string, layers: number, bytes: number): Promise<void> {
  const layout = await ImageLayout.open(directory, { fsync: false });
  const json = (value: object, mediaType: string) => layout.write(Buffer.from(JSON.stringify(value)), { mediaType });
  const written: Descriptor[] = [];
  const diffIds: string[] = [];
  for (let number = 0; number < layers; number++) {
    const content = contentOf(number + 1, bytes);
    diffIds.push(`sha256:${createHash('sha256').update(content).digest('hex')}`);
    const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip';
    written.push(await layout.write(gzipSync(content, { level: 0 }), { mediaType }));
  }
  const about = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: diffIds },
  };
  const config = await json(about, 'application/vnd.oci.image.config.v1+json');
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  await layout.tag(tag, await json({ schemaVersion: 2, mediaType, config, layers: written }, mediaType));
}

/** One MiB of noise again and again, each time with another number in it. */
function contentOf(seed: number, bytes: number): Buffer {
  const random = randomFrom(seed);
  const noise = Buffer.from(Uint32Array.from({ length: 2 ** 18 }, () => random() * 2 ** 32).buffer);
  const content = Buffer.alloc(bytes, noise);
  for (let at = 0; at + 4 <= bytes; at += noise.length) content.writeUInt32LE(at, at);
  return content;
}
