import {
  type BlobSource,
  type Descriptor,
  type Digest,
  type ImageLayout,
  isImageIndex,
  parseManifest,
  readDocument,
} from '@estiba/image-spec';

export interface StoredManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** Which manifests a registry has, in which repository and under which tags, and whose blobs it lends out. */
export class Catalog {
  readonly #repositories = new Map<string, { manifests: Map<Digest, StoredManifest>; tags: Map<string, Digest> }>();
  readonly #lent = new Map<Digest, { source: BlobSource; descriptor: Descriptor }>();

  get repositories(): string[] {
    return [...this.#repositories.keys()].sort();
  }

  tags(repository: string): string[] | undefined {
    const found = this.#repositories.get(repository);
    return found && [...found.tags.keys()].sort();
  }

  manifest(repository: string, reference: string): StoredManifest | undefined {
    const found = this.#repositories.get(repository);
    return found?.manifests.get(found.tags.get(reference) ?? (reference as Digest));
  }

  put(repository: string, manifest: StoredManifest, tag?: string): void {
    const found = this.#repositories.get(repository) ?? { manifests: new Map(), tags: new Map() };
    this.#repositories.set(repository, found);
    found.manifests.set(manifest.descriptor.digest, manifest);
    if (tag !== undefined) found.tags.set(tag, manifest.descriptor.digest);
  }

  /** A blob that stays where it is and is read from there when somebody asks. */
  lent(digest: Digest): { source: BlobSource; descriptor: Descriptor } | undefined {
    return this.#lent.get(digest);
  }

  /** Takes a manifest, or an index with those of its images that the source has, and lends out the blobs. */
  async lend(repository: string, source: BlobSource, descriptor: Descriptor, tag?: string): Promise<void> {
    const bytes = await readDocument(source, descriptor);
    const document = parseManifest(bytes, descriptor);
    if (isImageIndex(document)) {
      for (const child of document.manifests) await this.lend(repository, source, child).catch(ignoreMissing);
    } else {
      for (const blob of [document.config, ...document.layers])
        this.#lent.set(blob.digest, { source, descriptor: blob });
    }
    this.put(repository, { descriptor, bytes }, tag);
  }

  /** Everything that has a name in a layout. */
  async load(layout: ImageLayout): Promise<void> {
    for await (const { name, descriptor } of layout.images()) {
      const { repository, tag } = splitName(name);
      await this.lend(repository, layout, descriptor, tag);
    }
  }
}

/** `demo/app:1`, taken apart as it stands: a registry has no short names. */
export function splitName(name: string): { repository: string; tag: string } {
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1);
  return colon === -1
    ? { repository: name, tag: 'latest' }
    : { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}

function ignoreMissing(error: { code?: string }): void {
  if (error.code !== 'BLOB_MISSING') throw error;
}
