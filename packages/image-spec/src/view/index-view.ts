import { type BlobSource, readDocument } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import { isImageIndex, parseImageIndex, parseImageManifest, parseManifest } from '../document.ts';
import type { ImageIndex } from '../image-index.ts';
import { describeMediaType } from '../media-types.ts';
import type { Platform } from '../platform.ts';
import { selectPlatform } from '../platform-match.ts';
import { type ArtifactView, openArtifact } from './artifact-view.ts';
import { type Awaitable, deepest, type ImageView, openImage, tooDeep, viewImage } from './image-view.ts';
import type { OpenOptions } from './open-options.ts';
import { remembered } from './remembered.ts';

/** The same image for several platforms, and what else an index leads to. Read when it is asked for, as an `ImageView`. */
export interface IndexView {
  readonly source: BlobSource;
  readonly descriptor: Awaitable<Descriptor>;
  readonly document: Awaitable<ImageIndex>;
  /** Every container image, also those of indexes inside. */
  images(): AsyncIterableIterator<ImageView>;
  /** The image that suits a platform best, this machine's unless told. Throws PLATFORM_MISSING. */
  find(platform?: Platform): Promise<ImageView>;
  /** Everything that is no container image: signatures, attestations and the like. */
  artifacts(filter?: ArtifactFilter): AsyncIterableIterator<ArtifactView>;
}

export interface ArtifactFilter {
  readonly artifactType?: string | undefined;
  /** What they are about; the attestations of BuildKit say so by an annotation. */
  readonly subject?: Digest | undefined;
}

/** Reads nothing before somebody asks. */
export function openIndex(source: BlobSource, descriptor: Descriptor, options: OpenOptions = {}): IndexView {
  const document = remembered(async () => parseImageIndex(await readDocument(source, descriptor, options), descriptor));
  return viewIndex({
    source,
    options,
    get descriptor() {
      return descriptor;
    },
    get document() {
      return document();
    },
  });
}

export interface IndexParts extends Pick<IndexView, 'source' | 'descriptor' | 'document'> {
  readonly options?: OpenOptions;
}

/** All that an index can, on top of what it is. */
export function viewIndex(parts: IndexParts): IndexView {
  const { source, options = {} } = parts;
  return {
    source,
    get descriptor() {
      return parts.descriptor;
    },
    get document() {
      return parts.document;
    },
    async *images() {
      for await (const entry of manifestsOf(source, await parts.document, options)) {
        if (await isImage(source, entry, options)) yield viewImage(source, entry, options);
      }
    },
    async find(platform) {
      return openImage(source, selectPlatform(await parts.document, platform), { ...options, platform });
    },
    async *artifacts({ artifactType, subject }: ArtifactFilter = {}) {
      for await (const entry of manifestsOf(source, await parts.document, options)) {
        if (await isImage(source, entry, options)) continue;
        const artifact = openArtifact(source, entry, options);
        if (artifactType !== undefined && (await artifact.artifactType) !== artifactType) continue;
        if (subject !== undefined && ((await artifact.subject)?.digest ?? attested(entry)) !== subject) continue;
        yield artifact;
      }
    },
  };
}

async function* manifestsOf(
  source: BlobSource,
  index: ImageIndex,
  options: OpenOptions,
  depth = 0,
): AsyncGenerator<Descriptor> {
  for (const entry of index.manifests) {
    const { kind } = describeMediaType(entry.mediaType);
    if (kind === 'manifest') yield entry;
    if (kind !== 'index') continue;
    if (depth === deepest) throw tooDeep(entry);
    const document = parseManifest(await readDocument(source, entry, options), entry);
    if (isImageIndex(document)) yield* manifestsOf(source, document, options, depth + 1);
  }
}

/** The entry tells, unless it has neither a platform nor a type: then the manifest does. */
async function isImage(source: BlobSource, entry: Descriptor, options: OpenOptions): Promise<boolean> {
  if (entry.artifactType !== undefined && describeMediaType(entry.artifactType).kind !== 'config') return false;
  // BuildKit marks attestations so. https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md
  if (entry.platform !== undefined) return entry.platform.os !== 'unknown';
  const manifest = parseImageManifest(await readDocument(source, entry, options), entry);
  return describeMediaType(manifest.config.mediaType).kind === 'config';
}

function attested(entry: Descriptor): string | undefined {
  return entry.annotations?.['vnd.docker.reference.digest'];
}
