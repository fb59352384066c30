export { type AnnotationKey, annotationKeys, type KnownAnnotations } from './annotations.ts';
export { Archive, type OpenArchiveOptions, openArchive } from './archive/archive.ts';
export type { ArchiveImage } from './archive/archive-plan.ts';
export type { ArchivedImage, ArchiveFormat } from './archive/archived-image.ts';
export type { ArchiveLimits } from './archive/members.ts';
export { type ReadArchiveOptions, readArchive } from './archive/read-archive.ts';
export { type WriteArchiveOptions, writeArchive } from './archive/write-archive.ts';
export { artifactTypeOf, emptyContent, emptyDescriptor } from './artifact.ts';
export { type BlobOptions, type BlobSource, readDocument } from './blob-source.ts';
export { chainId, chainIds } from './chain-id.ts';
export { checkDocument, type Document, type DocumentCheck, parseDocument } from './check-document.ts';
export { type CompareFilesOptions, compareImages, type ImageComparison } from './compare/compare-images.ts';
export type { FileChange, FileChangesOptions } from './compare/file-changes.ts';
export type { FileFacts, FileType } from './compare/file-facts.ts';
export type { LayerChange, LayerPlace } from './compare/layer-changes.ts';
export type { ValueChange } from './compare/value-changes.ts';
export { checkConsistency } from './consistency.ts';
export { Annotations, Descriptor, describe, MediaType } from './descriptor.ts';
export { type DigestAlgorithm, digestAlgorithm, digestOf, isDigest, parseDigest } from './digest.ts';
export { Digest } from './digest-schema.ts';
export {
  DockerContainerConfig,
  DockerHealthcheck,
  DockerImageConfig,
  DockerManifest,
  DockerManifestList,
} from './docker-documents.ts';
export type { DocumentKind, DocumentOf, Documents } from './document/kinds.ts';
export type { DocumentProblem } from './document/problem.ts';
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
export { hostPlatform } from './host-platform.ts';
export { type Image, loadImage } from './image.ts';
export { ContainerConfig, History, ImageConfig } from './image-config.ts';
export { ImageIndex } from './image-index.ts';
export { ImageManifest } from './image-manifest.ts';
export { jsonSchema } from './json-schema.ts';
export { type ImageLayer, imageConfigOf, type StackedLayer, stackLayers } from './layer-stack.ts';
export type { BlobWriter } from './layout/blob-writer.ts';
export type { FsckOptions } from './layout/fsck.ts';
export { ImageLayout, type ImageLayoutOptions, type IngestOptions, type WriteOptions } from './layout/image-layout.ts';
export type { LayoutProblem, LayoutProblemKind } from './layout/layout-problem.ts';
export type { Lease, LeaseOptions } from './layout/lease.ts';
export type { NameOptions } from './layout/names.ts';
export type { Pruned, PruneOptions } from './layout/prune.ts';
export type { ImageUsage, LayoutUsage } from './layout/usage.ts';
export { LayoutHeader } from './layout-header.ts';
export {
  describeMediaType,
  type MediaTypeDescription,
  type MediaTypeKind,
  mediaTypeEssence,
  mediaTypes,
} from './media-types.ts';
export { annotate, withSubject } from './mutate/annotate.ts';
export { appendLayers } from './mutate/append-layers.ts';
export { convertToOci } from './mutate/convert-to-oci.ts';
export type { CreatedOptions } from './mutate/created.ts';
export type { HistoryEntry } from './mutate/history.ts';
export type { BlobTarget, BlobWriteOptions } from './mutate/image-parts.ts';
export { type ArtifactContent, type ArtifactOptions, makeArtifact } from './mutate/make-artifact.ts';
export { type IndexMember, type IndexMemberOptions, makeIndex } from './mutate/make-index.ts';
export type { NewLayer } from './mutate/new-layer.ts';
export { type RebaseOptions, rebase } from './mutate/rebase.ts';
export { type ImageTarget, type SaveOptions, save } from './mutate/save.ts';
export { type ConfigPatch, type SetConfigOptions, setConfig } from './mutate/set-config.ts';
export { formatPlatform, normalizePlatform } from './platform.ts';
export { type PlatformMatcher, platformMatcher, selectPlatform } from './platform-match.ts';
export { Platform } from './platform-schema.ts';
export { parsePlatform } from './platform-text.ts';
export {
  familiarName,
  parseAnyReference,
  parseName,
  parseReference,
  type Reference,
  tagNameOnly,
  trimReference,
  withDigest,
  withTag,
} from './reference.ts';
export { type Expected, Verifier, verify } from './verifier.ts';
export { type ArtifactBlob, type ArtifactView, openArtifact } from './view/artifact-view.ts';
export {
  type Awaitable,
  type ImageView,
  type OpenImageOptions,
  openImage,
} from './view/image-view.ts';
export { type ArtifactFilter, type IndexView, openIndex } from './view/index-view.ts';
export type { Layer } from './view/layer.ts';
export { MemoryStore, type MemoryWriteOptions } from './view/memory-store.ts';
export type { OpenOptions } from './view/open-options.ts';
