import type { BlobSource } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import type { ImageConfig } from '../image-config.ts';
import type { ImageManifest } from '../image-manifest.ts';
import { imageConfigOf, stackLayers } from '../layer-stack.ts';
import type { ImageView } from '../view/image-view.ts';
import { type Family, familyOf, manifestTypes, ociType } from './families.ts';

/** An image taken apart, as changes are made to it. */
export interface ImageParts {
  readonly family: Family;
  readonly layers: readonly PartLayer[];
  readonly config: ImageConfig;
  /** Of the config as it is stored; undefined when it was changed and has to be written anew. */
  readonly stored: Descriptor | undefined;
  /** Whatever else the manifest says. */
  readonly manifest: Omit<ImageManifest, 'schemaVersion' | 'mediaType' | 'config' | 'layers'>;
  /** Where to find what is not new. */
  readonly source: BlobSource;
}

export interface PartLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  readonly source: BlobSource;
}

/** Where blobs are written to: an `ImageLayout`, a `MemoryStore`. */
export interface BlobTarget extends BlobSource {
  has(descriptor: Descriptor): Promise<boolean>;
  write(content: AsyncIterable<Uint8Array> | Uint8Array, options: BlobWriteOptions): Promise<Descriptor>;
}

export interface BlobWriteOptions {
  readonly mediaType?: string;
  readonly expect?: Descriptor;
  readonly signal?: AbortSignal | undefined;
  /** Gets the digest before anybody could find the blob and remove it. */
  readonly lease?: { add(...digests: readonly Digest[]): Promise<void> } | undefined;
}

/** Where an image goes while it is made. */
export interface MakeTarget extends BlobTarget {
  readonly signal?: AbortSignal | undefined;
}

export async function takeApart(image: ImageView): Promise<ImageParts> {
  const { source } = image;
  const [descriptor, document, config] = [await image.descriptor, await image.manifest, await image.config];
  const { schemaVersion, mediaType = descriptor.mediaType, config: stored, layers, ...manifest } = document;
  return {
    family: familyOf(mediaType),
    layers: stackLayers(document, config).map((layer) => ({ ...layer, source })),
    config,
    stored: imageConfigOf(document),
    manifest,
    source,
  };
}

/** In the words of the OCI; blobs stay as they are. */
export function toOci(parts: ImageParts): ImageParts {
  if (parts.family === 'oci') return parts;
  return {
    ...parts,
    family: 'oci',
    stored: parts.stored && { ...parts.stored, mediaType: ociType(parts.stored.mediaType) },
    layers: parts.layers.map((layer) => ({ ...layer, descriptor: inOciWords(layer.descriptor) })),
  };
}

export function manifestOf({ family, layers, manifest }: ImageParts, config: Descriptor): ImageManifest {
  return {
    schemaVersion: 2,
    mediaType: manifestTypes[family],
    ...manifest,
    config,
    layers: layers.map(({ descriptor }) => descriptor),
  };
}

function inOciWords(descriptor: Descriptor): Descriptor {
  return { ...descriptor, mediaType: ociType(descriptor.mediaType) };
}
