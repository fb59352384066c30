import type { Readable } from 'node:stream';
import type { BlobOptions, BlobSource } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import { parseImageConfig, parseImageManifest } from '../document.ts';
import type { ImageConfig } from '../image-config.ts';
import type { ImageManifest } from '../image-manifest.ts';
import { mediaTypes } from '../media-types.ts';
import type { Platform } from '../platform.ts';
import { type ImageView, viewImage } from '../view/image-view.ts';
import type { Layer } from '../view/layer.ts';
import { MemoryStore } from '../view/memory-store.ts';
import { encoded } from './encoded.ts';
import { type ImageParts, type MakeTarget, manifestOf, takeApart } from './image-parts.ts';
import { MadeOnce } from './made-once.ts';

/** Gives the parts of the new image. What is read on the way, and can be read only once, goes into the target. */
export type Make = (base: (image: ImageView) => Promise<ImageParts>, into?: MakeTarget) => Promise<ImageParts>;

/**
 * An image that is not written anywhere: other images, and a change. Nothing is read before somebody asks for what depends on
 * it. Its source has the documents that are new, and leads to the sources of the other images for everything else.
 */
export class DraftImage implements ImageView {
  readonly source: BlobSource = { blob: (descriptor, options) => this.#blob(descriptor, options) };
  readonly #make: Make;
  readonly #made = new MadeOnce<Made>();

  constructor(make: Make) {
    this.#make = make;
  }

  get descriptor(): Promise<Descriptor> {
    return this.make().then(({ descriptor }) => descriptor);
  }

  get manifest(): Promise<ImageManifest> {
    return this.#view().then((view) => view.manifest);
  }

  get config(): Promise<ImageConfig> {
    return this.#view().then((view) => view.config);
  }

  get id(): Promise<Digest> {
    return this.#view().then((view) => view.id);
  }

  get platform(): Promise<Platform> {
    return this.#view().then((view) => view.platform);
  }

  async *layers(): AsyncIterableIterator<Layer> {
    yield* (await this.#view()).layers();
  }

  /** Makes it, once. */
  make(into?: MakeTarget): Promise<Made> {
    return this.#made.get(() => this.#put(into), into?.signal);
  }

  async #put(into: MakeTarget | undefined): Promise<Made> {
    const parts = await this.#make((image) => partsOf(image, into), into);
    const documents = new MemoryStore();
    const config =
      parts.stored ??
      documents.add(checked(encoded(parts.config, 'image config'), parseImageConfig), configTypes[parts.family]);
    const manifest = checked(encoded(manifestOf(parts, config), 'image manifest'), parseImageManifest);
    const descriptor = documents.add(manifest, manifestOf(parts, config).mediaType);
    const sources = new Map(parts.layers.map(({ descriptor, source }) => [descriptor.digest, source]));
    const made = { parts, documents, descriptor, sources };
    return { ...made, view: viewImage(this.source, descriptor) };
  }

  async #view(): Promise<ImageView> {
    return (await this.make()).view;
  }

  async #blob(descriptor: Descriptor, options: BlobOptions = {}): Promise<Readable> {
    const { documents, sources, parts } = await this.make();
    if (await documents.has(descriptor.digest)) return documents.blob(descriptor, options);
    return (sources.get(descriptor.digest) ?? parts.source).blob(descriptor, options);
  }
}

export interface Made {
  readonly parts: ImageParts;
  readonly documents: MemoryStore;
  readonly descriptor: Descriptor;
  readonly sources: ReadonlyMap<Digest, BlobSource>;
  readonly view: ImageView;
}

async function partsOf(image: ImageView, into: MakeTarget | undefined): Promise<ImageParts> {
  if (!(image instanceof DraftImage)) return takeApart(image);
  // Its own parts, and not what a reader makes of the documents: these need not be read again.
  return { ...(await image.make(into)).parts, source: image.source };
}

const configTypes = { oci: mediaTypes.config, docker: mediaTypes.dockerConfig };

/** What is written has to be right before anybody has it; the error has the JSON path. */
function checked(bytes: Uint8Array, parse: (bytes: Uint8Array) => unknown): Uint8Array {
  parse(bytes);
  return bytes;
}
