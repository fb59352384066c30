import type { Readable } from 'node:stream';
import { type BlobSource, readDocument } from './blob-source.ts';
import { chainIds } from './chain-id.ts';
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import { isImageIndex, parseImageConfig, parseManifest } from './document.ts';
import { ImageSpecError } from './error.ts';
import type { ImageConfig } from './image-config.ts';
import type { ImageManifest } from './image-manifest.ts';
import { describeMediaType } from './media-types.ts';
import type { Platform } from './platform.ts';
import { selectPlatform } from './platform-match.ts';

/** An immutable view of one image, wherever its bytes are. */
export interface Image {
  /** Of the manifest. */
  readonly descriptor: Descriptor;
  readonly manifest: ImageManifest;
  readonly config: ImageConfig;
  /** The layers, lowest first. */
  layers(): AsyncIterableIterator<ImageLayer>;
}

export interface ImageLayer {
  readonly descriptor: Descriptor;
  /** The digest of the layer uncompressed. */
  readonly diffId: Digest;
  /** The name of the stack that ends with this layer. */
  readonly chainId: Digest;
  /** The chain id of the stack below, if there is one. */
  readonly parent: Digest | undefined;
  /** The layer as stored, that is compressed. */
  open(options?: { signal?: AbortSignal | undefined }): Promise<Readable>;
}

/** Reads an image out of any source; `descriptor` may be that of an index. */
export async function loadImage(
  source: BlobSource,
  descriptor: Descriptor,
  options: { platform?: Platform | undefined; signal?: AbortSignal | undefined } = {},
): Promise<Image> {
  const found = await findManifest(source, descriptor, options, 0);
  const config = parseImageConfig(await readDocument(source, imageConfigOf(found.manifest), options));
  const layers = stackLayers(found.manifest, config);
  return {
    ...found,
    config,
    async *layers() {
      for (const layer of layers) {
        yield { ...layer, open: ({ signal } = {}) => source.blob(layer.descriptor, { signal }) };
      }
    },
  };
}

/** The descriptor of the config. Throws MEDIA_TYPE_UNSUPPORTED for a manifest that is no container image. */
export function imageConfigOf(manifest: ImageManifest): Descriptor {
  const { kind } = describeMediaType(manifest.config.mediaType);
  if (kind === 'config') return manifest.config;
  const what = manifest.artifactType ?? manifest.config.mediaType;
  throw new ImageSpecError(
    'MEDIA_TYPE_UNSUPPORTED',
    `cannot read image config: the manifest is that of ${what}, not of an image`,
    {
      path: 'config.mediaType',
    },
  );
}

/** Joins the layers of the manifest with their names in the config. Throws DOCUMENT_INVALID unless they are as many. */
export function stackLayers(manifest: ImageManifest, config: ImageConfig): Omit<ImageLayer, 'open'>[] {
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length) {
    throw new ImageSpecError(
      'DOCUMENT_INVALID',
      `cannot read image config: it has ${diffIds.length} diff ids for ${manifest.layers.length} layers`,
      { path: 'rootfs.diff_ids' },
    );
  }
  const chain = chainIds(diffIds);
  return manifest.layers.map((descriptor, height) => ({
    descriptor,
    diffId: diffIds[height] as Digest,
    chainId: chain[height] as Digest,
    parent: chain[height - 1],
  }));
}

// An index may hold indexes. Real ones nest once; a hostile one could nest for ever.
const deepest = 4;

async function findManifest(
  source: BlobSource,
  descriptor: Descriptor,
  options: { platform?: Platform | undefined; signal?: AbortSignal | undefined },
  depth: number,
): Promise<{ descriptor: Descriptor; manifest: ImageManifest }> {
  const manifest = parseManifest(await readDocument(source, descriptor, options), descriptor);
  if (!isImageIndex(manifest)) return { descriptor, manifest };
  if (depth === deepest) {
    throw new ImageSpecError(
      'DOCUMENT_INVALID',
      `cannot read image index ${descriptor.digest}: nested more than ${deepest} deep`,
    );
  }
  return findManifest(source, selectPlatform(manifest, options.platform), options, depth + 1);
}
