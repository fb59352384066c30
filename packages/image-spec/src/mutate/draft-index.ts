import type { Readable } from 'node:stream';
import type { BlobOptions, BlobSource } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import { parseImageIndex } from '../document.ts';
import { ImageSpecError } from '../error.ts';
import type { ImageIndex } from '../image-index.ts';
import { mediaTypes } from '../media-types.ts';
import type { Platform } from '../platform.ts';
import type { ArtifactView } from '../view/artifact-view.ts';
import type { ImageView } from '../view/image-view.ts';
import { type ArtifactFilter, type IndexView, viewIndex } from '../view/index-view.ts';
import { MemoryStore } from '../view/memory-store.ts';
import { encoded } from './encoded.ts';
import type { MakeTarget } from './image-parts.ts';
import { MadeOnce } from './made-once.ts';

export interface IndexParts {
  readonly document: ImageIndex;
  /** Where to find what it leads to; what is not here is looked for in the others. */
  readonly sources: ReadonlyMap<Digest, BlobSource>;
  readonly others: readonly BlobSource[];
}

interface Made extends IndexParts {
  readonly descriptor: Descriptor;
  readonly documents: MemoryStore;
}

/** An index that is not written anywhere, as a `DraftImage`. */
export class DraftIndex implements IndexView {
  readonly source: BlobSource = { blob: (descriptor, options) => this.#blob(descriptor, options) };
  readonly #make: (into?: MakeTarget) => Promise<IndexParts>;
  readonly #made = new MadeOnce<Made>();
  readonly #view: IndexView;

  constructor(make: (into?: MakeTarget) => Promise<IndexParts>) {
    this.#make = make;
    const made = () => this.make();
    this.#view = viewIndex({
      source: this.source,
      get descriptor() {
        return made().then(({ descriptor }) => descriptor);
      },
      get document() {
        return made().then(({ document }) => document);
      },
    });
  }

  get descriptor(): IndexView['descriptor'] {
    return this.#view.descriptor;
  }

  get document(): IndexView['document'] {
    return this.#view.document;
  }

  images(): AsyncIterableIterator<ImageView> {
    return this.#view.images();
  }

  find(platform?: Platform): Promise<ImageView> {
    return this.#view.find(platform);
  }

  artifacts(filter?: ArtifactFilter): AsyncIterableIterator<ArtifactView> {
    return this.#view.artifacts(filter);
  }

  make(into?: MakeTarget): Promise<Made> {
    return this.#made.get(() => this.#put(into), into?.signal);
  }

  async #put(into: MakeTarget | undefined): Promise<Made> {
    const parts = await this.#make(into);
    const bytes = encoded(parts.document, 'image index');
    const documents = new MemoryStore();
    const descriptor = documents.add(bytes, parts.document.mediaType ?? mediaTypes.index);
    // What is written has to be right before anybody has it.
    const document = parseImageIndex(bytes, descriptor);
    return { ...parts, document, documents, descriptor };
  }

  async #blob(descriptor: Descriptor, options: BlobOptions = {}): Promise<Readable> {
    const { documents, sources, others } = await this.make();
    if (await documents.has(descriptor.digest)) return documents.blob(descriptor, options);
    const known = sources.get(descriptor.digest);
    return known === undefined ? firstOf(others, descriptor, options) : known.blob(descriptor, options);
  }
}

async function firstOf(
  sources: readonly BlobSource[],
  descriptor: Descriptor,
  options: BlobOptions,
): Promise<Readable> {
  for (const source of sources) {
    try {
      return await source.blob(descriptor, options);
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'BLOB_MISSING') throw error;
    }
  }
  throw new ImageSpecError('BLOB_MISSING', `cannot read ${descriptor.digest}: no part of the index has it`);
}
