import type { Readable } from 'node:stream';
import type { BlobOptions, BlobSource } from '../blob-source.ts';
import { type Descriptor, describe } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import { loadImage } from '../image.ts';
import { mediaTypes } from '../media-types.ts';
import { Verifier } from '../verifier.ts';
import { decompressed } from './compression.ts';

export interface UncompressedImage {
  readonly source: BlobSource;
  readonly descriptor: Descriptor;
}

/**
 * The same image, config and all, with its layers as tars. Each layer is unpacked twice: once for its length, which an archive
 * wants to know in advance, and again when it is read. Throws DIGEST_MISMATCH where a layer is not what the config says.
 */
export async function uncompressed(
  { source, descriptor }: UncompressedImage,
  { signal }: { signal: AbortSignal | undefined },
): Promise<UncompressedImage> {
  const image = await loadImage(source, descriptor, { signal });
  const made = new Map<Digest, Buffer>();
  const layerOf = new Map<Digest, Descriptor>();
  const layers: Descriptor[] = [];
  for await (const { descriptor: layer, diffId } of image.layers()) {
    layerOf.set(diffId, layer);
    const size = layer.digest === diffId ? layer.size : await measure(await plain(source, layer, { signal }), diffId);
    layers.push({ mediaType: mediaTypes.layer, digest: diffId, size });
  }
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config: image.manifest.config, layers };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const result = describe(bytes, mediaTypes.manifest);
  made.set(result.digest, bytes);
  const blob = async (wanted: Descriptor, options: BlobOptions = {}): Promise<Readable> => {
    const { Readable } = process.getBuiltinModule('node:stream');
    const document = made.get(wanted.digest);
    if (document !== undefined) return Readable.from([document.subarray(options.start ?? 0)], { objectMode: false });
    const layer = layerOf.get(wanted.digest);
    if (layer === undefined) return source.blob(wanted, options);
    const stored = await source.blob(layer, { signal: options.signal });
    const content = after(await decompressed(stored, layer.digest), options.start ?? 0);
    // A generator that was never asked for anything lets go of nothing.
    return Readable.from(content, { objectMode: false }).once('close', () => stored.destroy());
  };
  return { source: { blob }, descriptor: result };
}

async function plain(
  source: BlobSource,
  layer: Descriptor,
  { signal }: BlobOptions,
): Promise<AsyncIterable<Uint8Array>> {
  return decompressed(await source.blob(layer, { signal }), layer.digest);
}

async function measure(content: AsyncIterable<Uint8Array>, diffId: Digest): Promise<number> {
  const verifier = new Verifier({ digest: diffId });
  for await (const chunk of content) verifier.update(chunk);
  return verifier.finish().size;
}

async function* after(content: AsyncIterable<Uint8Array>, start: number): AsyncGenerator<Uint8Array> {
  let left = start;
  for await (const chunk of content) {
    if (chunk.length > left) yield chunk.subarray(left);
    left = Math.max(left - chunk.length, 0);
  }
}
