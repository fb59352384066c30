import type { BlobSource } from './blob-source.ts';
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import type { ImageConfig } from './image-config.ts';
import type { ImageManifest } from './image-manifest.ts';
import { stackLayers } from './layer-stack.ts';
import type { Platform } from './platform.ts';
import { type ImageView, type OpenImageOptions, openImage } from './view/image-view.ts';

/** A view of one image whose documents have been read. */
export interface Image extends ImageView {
  /** Of the manifest. */
  readonly descriptor: Descriptor;
  readonly manifest: ImageManifest;
  readonly config: ImageConfig;
  readonly id: Digest;
  readonly platform: Platform;
}

/** As `openImage`, and reads manifest and config. Throws what these throw, and unless there is a diff id for each layer. */
export async function loadImage(
  source: BlobSource,
  descriptor: Descriptor,
  options: OpenImageOptions = {},
): Promise<Image> {
  const view = await openImage(source, descriptor, options);
  const [manifest, config] = [await view.manifest, await view.config];
  stackLayers(manifest, config);
  return {
    source,
    descriptor: await view.descriptor,
    manifest,
    config,
    id: await view.id,
    platform: await view.platform,
    layers: () => view.layers(),
  };
}
