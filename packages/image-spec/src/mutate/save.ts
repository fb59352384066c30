import { type BlobSource, readDocument } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import { isImageIndex, parseManifest } from '../document.ts';
import { describeMediaType } from '../media-types.ts';
import type { ArtifactView } from '../view/artifact-view.ts';
import { deepest, type ImageView, tooDeep } from '../view/image-view.ts';
import type { IndexView } from '../view/index-view.ts';
import { DraftImage } from './draft-image.ts';
import { DraftIndex } from './draft-index.ts';
import type { BlobTarget, BlobWriteOptions, MakeTarget } from './image-parts.ts';

/** Where images are written to, and get names: an `ImageLayout`. */
export interface ImageTarget extends BlobTarget {
  tag?(name: string, descriptor: Descriptor, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /** What is leased is not removed by a `prune` that comes before the name does. */
  lease?(options?: { readonly signal?: AbortSignal | undefined }): Promise<AsyncDisposable & Keeping>;
}

type Keeping = NonNullable<BlobWriteOptions['lease']>;

export interface SaveOptions {
  /** The name to give it, as `ImageLayout.tag` does. */
  readonly name?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of each blob that was not there and has been written. */
  readonly onBlob?: ((descriptor: Descriptor) => void) | undefined;
}

/**
 * Writes what is missing of an image, an index with all its images, or an artifact: layers first, documents after what they
 * lead to, the name last. Every blob is verified on its way. Gives the descriptor of what was saved.
 */
export async function save(
  what: ImageView | IndexView | ArtifactView,
  into: ImageTarget,
  options: SaveOptions = {},
): Promise<Descriptor> {
  const { name, signal } = options;
  signal?.throwIfAborted();
  await using lease = await into.lease?.({ signal });
  // What can be read only once is written while it is measured.
  if (what instanceof DraftImage || what instanceof DraftIndex) await what.make(keeping(into, { lease, signal }));
  const descriptor = await what.descriptor;
  await new Copying(what.source, into, options, lease).manifest(descriptor);
  if (name !== undefined) await into.tag?.(name, descriptor, { signal });
  return descriptor;
}

function keeping(into: BlobTarget, also: Pick<BlobWriteOptions, 'lease' | 'signal'>): MakeTarget {
  return {
    signal: also.signal,
    blob: (descriptor, options) => into.blob(descriptor, options),
    has: (descriptor) => into.has(descriptor),
    write: (content, options) => into.write(content, { ...options, ...also }),
  };
}

class Copying {
  readonly #from: BlobSource;
  readonly #into: ImageTarget;
  readonly #options: SaveOptions;
  readonly #lease: Keeping | undefined;
  readonly #done = new Set<Digest>();

  constructor(from: BlobSource, into: ImageTarget, options: SaveOptions, lease: Keeping | undefined) {
    this.#from = from;
    this.#into = into;
    this.#options = options;
    this.#lease = lease;
  }

  async manifest(descriptor: Descriptor, depth = 0): Promise<void> {
    if (this.#done.has(descriptor.digest)) return;
    if (depth > deepest) throw tooDeep(descriptor);
    const { signal } = this.#options;
    const bytes = await readDocument(this.#from, descriptor, { signal });
    const document = parseManifest(bytes, descriptor);
    if (isImageIndex(document)) for (const entry of document.manifests) await this.#entry(entry, depth + 1);
    else for (const blob of [...document.layers, document.config]) await this.#blob(blob);
    await this.#put(descriptor, () => bytes);
  }

  #entry(entry: Descriptor, depth: number): Promise<void> {
    const { kind } = describeMediaType(entry.mediaType);
    return kind === 'manifest' || kind === 'index' ? this.manifest(entry, depth) : this.#blob(entry);
  }

  async #blob(descriptor: Descriptor): Promise<void> {
    if (this.#done.has(descriptor.digest)) return;
    await this.#put(descriptor, () => this.#from.blob(descriptor, { signal: this.#options.signal }));
  }

  async #put(descriptor: Descriptor, content: () => Promise<AsyncIterable<Uint8Array>> | Uint8Array): Promise<void> {
    const { signal, onBlob } = this.#options;
    // Kept before it is looked for, or a prune in between would take it.
    await this.#lease?.add(descriptor.digest);
    if (!(await this.#into.has(descriptor))) {
      const { mediaType } = descriptor;
      await this.#into.write(await content(), { mediaType, expect: descriptor, signal });
      onBlob?.(descriptor);
    }
    this.#done.add(descriptor.digest);
  }
}
