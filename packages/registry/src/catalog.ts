import {
  type BlobSource,
  type Descriptor,
  type Digest,
  describeMediaType,
  type ImageIndex,
  type ImageManifest,
  isImageIndex,
  parseManifest,
  readDocument,
} from '@estiba/image-spec';
import { type LentBlob, Repository, type StoredManifest } from './repository.ts';

/** The repositories of a registry. */
export class Catalog {
  readonly #repositories = new Map<string, Repository>();

  /** Those that have something, in order. */
  get names(): string[] {
    return [...this.#repositories].flatMap(([name, repository]) => (repository.isEmpty ? [] : [name])).sort();
  }

  /** Undefined where there is nothing of that name. */
  find(name: string): Repository | undefined {
    const found = this.#repositories.get(name);
    return found?.isEmpty ? undefined : found;
  }

  open(name: string): Repository {
    const repository = this.#repositories.get(name) ?? new Repository();
    this.#repositories.set(name, repository);
    return repository;
  }

  /** When all that is being changed has been. */
  async settled(): Promise<void> {
    await Promise.all([...this.#repositories.values()].map((repository) => repository.change(async () => {})));
  }

  /** The repositories that have a blob. */
  havingBlob(digest: Digest): string[] {
    return [...this.#repositories].flatMap(([name, { blobs }]) => (blobs.has(digest) ? [name] : []));
  }

  /**
   * Takes a manifest, or an index with those of its images that the source has, and what of the source the repository has
   * from now on.
   */
  async take(
    name: string,
    { source, descriptor }: LentBlob,
    options: { tags: readonly string[]; as: (blob: Descriptor) => LentBlob | 'stored' },
  ): Promise<void> {
    const bytes = await readDocument(source, descriptor);
    const document = parseManifest(bytes, descriptor);
    const repository = this.open(name);
    if (isImageIndex(document)) {
      for (const child of document.manifests) {
        // BuildKit's caches list layers.
        if (!isManifest(child)) repository.blobs.set(child.digest, options.as(child));
        else await this.take(name, { source, descriptor: child }, { ...options, tags: [] }).catch(ignoreMissing);
      }
    } else {
      for (const blob of partsOf(document)) repository.blobs.set(blob.digest, options.as(blob));
    }
    repository.put(storedManifest(bytes, descriptor, document), options.tags);
  }

  /** Serves what stays in `source`. */
  async lend(name: string, source: BlobSource, descriptor: Descriptor, tag: string): Promise<void> {
    const as = (blob: Descriptor) => ({ source, descriptor: blob });
    await this.take(name, { source, descriptor }, { tags: [tag], as });
  }
}

/** `document` is undefined for what is no manifest, where such things are taken. */
export function storedManifest(
  bytes: Uint8Array,
  { mediaType, digest, size }: Descriptor,
  document?: ImageManifest | ImageIndex,
): StoredManifest {
  const descriptor = { mediaType, digest, size };
  if (document === undefined) return { descriptor, bytes, parts: [] };
  const parts = partsOf(document).map((part) => part.digest);
  if (document.subject === undefined) return { descriptor, bytes, parts };
  // What an artifact is was once said by its config alone.
  const type = document.artifactType ?? (isImageIndex(document) ? undefined : document.config.mediaType);
  const listed: Descriptor = {
    ...descriptor,
    ...(type !== undefined && { artifactType: type }),
    ...(document.annotations !== undefined && { annotations: document.annotations }),
  };
  return { descriptor, bytes, parts, referrer: { subject: document.subject.digest, descriptor: listed } };
}

/** The blobs of an image, or the images of an index. */
export function partsOf(document: ImageManifest | ImageIndex): readonly Descriptor[] {
  return isImageIndex(document) ? document.manifests : [document.config, ...document.layers];
}

function isManifest({ mediaType }: Descriptor): boolean {
  const { kind } = describeMediaType(mediaType);
  return kind === 'manifest' || kind === 'index';
}

export function ignoreMissing(error: { code?: string }): void {
  if (error.code !== 'BLOB_MISSING') throw error;
}
