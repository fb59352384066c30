import type { Readable } from 'node:stream';
import {
  type BlobSource,
  type Descriptor,
  type Digest,
  type Image,
  type ImageIndex,
  type ImageManifest,
  parseReference,
  type Reference,
} from '@estiba/image-spec';
import { blobChunks } from './blob.ts';
import { listRepositories } from './catalog.ts';
import { connect, type TransportSettings } from './connect.ts';
import { type CopyOptions, copy } from './copy.ts';
import { deleteBlob, deleteManifest } from './delete.ts';
import { RegistryError } from './error.ts';
import { fetchManifest, resolveManifest } from './manifest.ts';
import type { ListOptions } from './pages.ts';
import type { Place } from './places.ts';
import { type PullOptions, pull } from './pull.ts';
import { type PushOptions, push } from './push.ts';
import { listReferrers, type ReferrersOptions } from './referrers.ts';
import { RepositorySource } from './repository-source.ts';
import { retrying } from './retry.ts';
import { streamOf } from './stream-of.ts';
import { listTags } from './tags.ts';
import type { Transport } from './transport.ts';
import { hasBlob } from './upload.ts';
import { verified } from './verified.ts';
import { Whereabouts } from './whereabouts.ts';

export interface RegistryClientOptions extends TransportSettings {}

export interface RequestOptions {
  readonly signal?: AbortSignal;
}

/** What is pushed: `ImageView` and `IndexView`, which know where their content is. */
type Viewed = { readonly descriptor: Descriptor | Promise<Descriptor>; readonly source: BlobSource };
/** What is pushed: by its descriptor, or something that has one, such as `Image`. */
type Described = Descriptor | { readonly descriptor: Descriptor };

/**
 * Talks to any registry that follows the distribution-spec. Names are read as Docker reads them. Methods reject with
 * RegistryError, with ImageSpecError for content that is wrong, and with the reason of a signal.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export class RegistryClient implements Disposable {
  readonly #transport: Transport;
  readonly #whereabouts = new Whereabouts();

  constructor(options: RegistryClientOptions = {}) {
    this.#transport = connect(options);
  }

  /** What a name points at right now, without fetching it where the registry can tell. */
  async resolve(reference: string | Reference, { signal }: RequestOptions = {}): Promise<Descriptor> {
    return resolveManifest(this.#transport, parsed(reference), signal);
  }

  /** The manifest, or the index, verified. */
  async manifest(reference: string | Reference, { signal }: RequestOptions = {}): Promise<ImageManifest | ImageIndex> {
    const from = parsed(reference);
    const { document } = await fetchManifest(this.#transport, from, { signal });
    this.#whereabouts.sawManifest(from.registry, from.repository, document);
    return document;
  }

  /** Whether there is a manifest of this name, or, given a descriptor or digest, such a blob in the repository. */
  async exists(
    reference: string | Reference,
    { blob, signal }: RequestOptions & { readonly blob?: Descriptor | Digest } = {},
  ): Promise<boolean> {
    if (blob !== undefined) {
      const digest = typeof blob === 'string' ? blob : blob.digest;
      const ask = () => hasBlob(this.#transport, parsed(reference), digest, { signal });
      return retrying(ask, { ...this.#transport.retry, signal });
    }
    try {
      await this.resolve(reference, signal && { signal });
      return true;
    } catch (error) {
      if (error instanceof RegistryError && error.status === 404) return false;
      throw error;
    }
  }

  /** A blob of the repository of `reference`. The stream fails in place of ending where size or digest prove wrong. */
  async blob(
    reference: string | Reference,
    descriptor: Descriptor,
    { signal }: RequestOptions = {},
  ): Promise<Readable> {
    const from = parsed(reference);
    const mirrors = new Set<Place>();
    const onError = (error: unknown) => this.#transport.distrust(mirrors, from, error);
    const chunks = (stopped: AbortSignal) => {
      const received = blobChunks(this.#transport, { reference: from, descriptor, mirrors, signal: stopped });
      return verified(received, descriptor, { onError });
    };
    return streamOf(chunks, signal);
  }

  /** The repository of `reference` as a source of content, for whatever takes one. Blobs are not verified by it. */
  source(reference: string | Reference): BlobSource {
    return new RepositorySource(this.#transport, parsed(reference));
  }

  /** The tags of a repository, page by page. Rejects with UNEXPECTED where the pages come to no end. */
  tags(repository: string | Reference, options: ListOptions = {}): AsyncIterableIterator<string> {
    return listTags(this.#transport, parsed(repository), options);
  }

  /** The repositories of a registry, `localhost:5000`, page by page. Many large registries do not tell. */
  catalog(registry: string, options: ListOptions = {}): AsyncIterableIterator<string> {
    return listRepositories(this.#transport, registry, options);
  }

  /**
   * What refers to a manifest as its subject, such as signatures: from the registry, or from the tag that takes its place
   * where the registry keeps no list.
   */
  async *referrers(reference: string | Reference, options: ReferrersOptions = {}): AsyncIterableIterator<Descriptor> {
    const subject = parsed(reference);
    const { signal } = options;
    const digest = subject.digest ?? (await resolveManifest(this.#transport, subject, signal)).digest;
    yield* listReferrers(this.#transport, subject, digest, options);
  }

  /** Copies an image into a layout; blobs that are there are not fetched again. The image gets no name: `tag` it. */
  async pull(reference: string | Reference, options: PullOptions): Promise<Image> {
    const from = parsed(reference);
    const image = await pull(this.#transport, from, options);
    this.#whereabouts.sawManifest(from.registry, from.repository, image.manifest);
    return image;
  }

  /**
   * Copies an image, an index with all that it names, or an artifact, into a registry. Blobs that it has are not sent again,
   * nor those that it can take from another of its repositories. What is stored are the bytes as they are. A reference with
   * a digest alone gets no tag. A view knows where its content is; of all else `from` has to tell. Also rejects with what
   * reading throws.
   */
  async push(image: Viewed, reference: string | Reference, options?: Partial<PushOptions>): Promise<Descriptor>;
  async push(image: Described, reference: string | Reference, options: PushOptions): Promise<Descriptor>;
  async push(
    image: Viewed | Described,
    reference: string | Reference,
    options: Partial<PushOptions> = {},
  ): Promise<Descriptor> {
    const descriptor = 'digest' in image ? image : await image.descriptor;
    const from = options.from ?? ('source' in image ? (image.source as BlobSource) : undefined);
    if (from === undefined) throw new TypeError(`cannot push ${descriptor.digest}: \`from\` does not say where it is`);
    await push(this.#context, descriptor, parsed(reference), { ...options, from });
    return descriptor;
  }

  /** Copies from one registry to another, or within one, without a disk in between: all of an index unless told. */
  copy(from: string | Reference, to: string | Reference, options: CopyOptions = {}): Promise<Descriptor> {
    return copy(this.#context, parsed(from), parsed(to), options);
  }

  /**
   * Deletes the tag that is named, or, given a digest, the manifest with all of its tags. Resolves with false where it was
   * not there. Rejects with UNSUPPORTED where the registry does not delete; some, such as Distribution 2, delete no tags.
   */
  delete(reference: string | Reference, { signal }: RequestOptions = {}): Promise<boolean> {
    return deleteManifest(this.#transport, parsed(reference), signal);
  }

  /** As `delete`, of a blob of the repository of `reference`. Manifests that name it can no longer be pulled. */
  deleteBlob(
    reference: string | Reference,
    { digest }: Pick<Descriptor, 'digest'>,
    { signal }: RequestOptions = {},
  ): Promise<boolean> {
    return deleteBlob(this.#transport, parsed(reference), digest, signal);
  }

  /** Closes idle connections. They do not keep a program alive either way. */
  close(): void {
    this.#transport.http.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get #context() {
    return { transport: this.#transport, whereabouts: this.#whereabouts };
  }
}

function parsed(reference: string | Reference): Reference {
  return typeof reference === 'string' ? parseReference(reference) : reference;
}
