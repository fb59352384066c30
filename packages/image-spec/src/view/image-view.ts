import { type BlobSource, readDocument } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import { isImageIndex, parseImageConfig, parseImageManifest, parseManifest } from '../document.ts';
import { ImageSpecError } from '../error.ts';
import type { ImageConfig } from '../image-config.ts';
import type { ImageManifest } from '../image-manifest.ts';
import { imageConfigOf, stackLayers } from '../layer-stack.ts';
import { describeMediaType } from '../media-types.ts';
import type { Platform } from '../platform.ts';
import { selectPlatform } from '../platform-match.ts';
import { type Layer, layerOf } from './layer.ts';
import type { OpenOptions } from './open-options.ts';
import { remembered } from './remembered.ts';

/** At hand, or on its way: `await` makes the one the other. */
export type Awaitable<T> = T | Promise<T>;

/**
 * One image, wherever its bytes are: in a layout, an archive, a registry, in memory, or still to be made out of other images
 * (`appendLayers` and its like). Each document is read when it is first asked for, and once.
 */
export interface ImageView {
  /** Has all the bytes that the image consists of, beginning with those of `descriptor`. */
  readonly source: BlobSource;
  /** Of the manifest. */
  readonly descriptor: Awaitable<Descriptor>;
  readonly manifest: Awaitable<ImageManifest>;
  /** Rejects with MEDIA_TYPE_UNSUPPORTED for an artifact that is no container image. */
  readonly config: Awaitable<ImageConfig>;
  /** The digest of the config, by which Docker calls an image. */
  readonly id: Awaitable<Digest>;
  readonly platform: Awaitable<Platform>;
  /** Lowest first. */
  layers(): AsyncIterableIterator<Layer>;
}

export interface OpenImageOptions extends OpenOptions {
  /** Which image of an index; the one for Linux on this machine's processor unless told. */
  readonly platform?: Platform | undefined;
}

/**
 * Views an image of any source. `descriptor` may be that of an index, which is read to find the platform; that of a manifest
 * is not read before somebody asks. Throws PLATFORM_MISSING, BLOB_MISSING, DOCUMENT_INVALID and what `parseManifest` throws.
 */
export async function openImage(
  source: BlobSource,
  descriptor: Descriptor,
  options: OpenImageOptions = {},
): Promise<ImageView> {
  return viewImage(source, await findManifest(source, descriptor, options), options);
}

/** Of a manifest that is known to be one. */
export function viewImage(source: BlobSource, descriptor: Descriptor, options: OpenOptions = {}): ImageView {
  const read = (wanted: Descriptor) => readDocument(source, wanted, options);
  const manifest = remembered(async () => parseImageManifest(await read(descriptor), descriptor));
  const config = remembered(async () => parseImageConfig(await read(imageConfigOf(await manifest()))));
  return {
    source,
    descriptor,
    get manifest() {
      return manifest();
    },
    get config() {
      return config();
    },
    get id() {
      return manifest().then((document) => imageConfigOf(document).digest);
    },
    get platform() {
      return descriptor.platform ?? config().then(platformOf);
    },
    async *layers() {
      for (const stacked of stackLayers(await manifest(), await config())) yield layerOf(source, stacked, options);
    },
  };
}

/** What an image says of itself that an entry of an index repeats. */
export function platformOf(config: ImageConfig): Platform {
  const { os, architecture, variant, 'os.version': version, 'os.features': features } = config;
  return {
    architecture,
    os,
    ...(variant !== undefined && { variant }),
    ...(version !== undefined && { 'os.version': version }),
    ...(features != null && { 'os.features': features }),
  };
}

// An index may hold indexes. Real ones nest once; a hostile one could nest for ever.
export const deepest = 4;

async function findManifest(
  source: BlobSource,
  descriptor: Descriptor,
  options: OpenImageOptions,
  depth = 0,
): Promise<Descriptor> {
  if (describeMediaType(descriptor.mediaType).kind === 'manifest') return descriptor;
  const document = parseManifest(await readDocument(source, descriptor, options), descriptor);
  if (!isImageIndex(document)) return descriptor;
  if (depth === deepest) throw tooDeep(descriptor);
  return findManifest(source, selectPlatform(document, options.platform), options, depth + 1);
}

export function tooDeep({ digest }: Descriptor): ImageSpecError {
  return new ImageSpecError('DOCUMENT_INVALID', `cannot read image index ${digest}: nested more than ${deepest} deep`);
}
