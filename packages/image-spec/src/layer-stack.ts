import type { Readable } from 'node:stream';
import { chainIds } from './chain-id.ts';
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import { ImageSpecError } from './error.ts';
import type { ImageConfig } from './image-config.ts';
import type { ImageManifest } from './image-manifest.ts';
import { describeMediaType } from './media-types.ts';

/** The names of a layer; the image itself holds only the first two. */
export interface StackedLayer {
  readonly descriptor: Descriptor;
  /** The digest of the layer uncompressed. */
  readonly diffId: Digest;
  /** The name of the stack that ends with this layer. */
  readonly chainId: Digest;
  /** The chain id of the stack below, if there is one. */
  readonly parent: Digest | undefined;
}

export interface ImageLayer extends StackedLayer {
  /** The layer as stored, that is compressed. */
  open(options?: { signal?: AbortSignal | undefined }): Promise<Readable>;
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
export function stackLayers(manifest: ImageManifest, config: ImageConfig): StackedLayer[] {
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
