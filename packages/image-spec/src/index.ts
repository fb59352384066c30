export { type BlobOptions, type BlobSource, readDocument } from './blob-source.ts';
export { chainId, chainIds } from './chain-id.ts';
export { Descriptor, describe } from './descriptor.ts';
export { Digest, type DigestAlgorithm, digestAlgorithm, digestOf, isDigest, parseDigest } from './digest.ts';
export {
  isImageIndex,
  maxDocumentBytes,
  type ParseOptions,
  parseImageConfig,
  parseImageIndex,
  parseImageManifest,
  parseManifest,
} from './document.ts';
export { ImageSpecError, type ImageSpecErrorCode } from './error.ts';
export { type Image, type ImageLayer, imageConfigOf, loadImage, stackLayers } from './image.ts';
export { ContainerConfig, ImageConfig } from './image-config.ts';
export { ImageIndex } from './image-index.ts';
export { ImageManifest } from './image-manifest.ts';
export type { BlobWriter } from './layout/blob-writer.ts';
export { ImageLayout, type ImageLayoutOptions, type WriteOptions } from './layout/image-layout.ts';
export type { Pruned } from './layout/prune.ts';
export {
  describeMediaType,
  type MediaTypeDescription,
  type MediaTypeKind,
  mediaTypeEssence,
  mediaTypes,
} from './media-types.ts';
export { formatPlatform, hostPlatform, normalizePlatform, Platform, parsePlatform } from './platform.ts';
export { selectPlatform } from './platform-match.ts';
export { familiarName, parseReference, type Reference } from './reference.ts';
export { type Expected, Verifier, verify } from './verifier.ts';
