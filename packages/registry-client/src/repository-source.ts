import { Readable } from 'node:stream';
import {
  type BlobOptions,
  type BlobSource,
  type Descriptor,
  type Digest,
  describeMediaType,
  isImageIndex,
  type Platform,
  parseReference,
  type Reference,
  selectPlatform,
} from '@estiba/image-spec';
import { blobChunks } from './blob.ts';
import { deepest, tooDeep } from './document-tree.ts';
import { type FetchedManifest, fetchManifest } from './manifest.ts';
import type { Place } from './places.ts';
import { streamOf } from './stream-of.ts';
import type { Transport } from './transport.ts';

/**
 * A repository of a registry, for whatever reads content by digest. Blobs are not verified here; manifests are. A blob goes
 * on where it broke off, and nothing of it touches the disk.
 */
export class RepositorySource implements BlobSource {
  readonly #transport: Transport;
  readonly #reference: Reference;
  readonly #documents = new Map<Digest, FetchedManifest>();
  readonly #mirrors = new Set<Place>();

  constructor(transport: Transport, reference: Reference) {
    this.#transport = transport;
    this.#reference = reference;
  }

  async blob(descriptor: Descriptor, { signal, start = 0 }: BlobOptions = {}): Promise<Readable> {
    signal?.throwIfAborted();
    const { kind } = describeMediaType(descriptor.mediaType);
    if (kind === 'manifest' || kind === 'index') {
      const { bytes } = await this.#document(descriptor, signal);
      return Readable.from([bytes.subarray(start)], { objectMode: false });
    }
    return streamOf((stopped) => this.chunks(descriptor, { signal: stopped, start }), signal);
  }

  /** As `blob`, for anything but manifests, in pieces whose memory is the caller's alone. */
  chunks(descriptor: Descriptor, { signal, start = 0 }: BlobOptions = {}): AsyncGenerator<Buffer> {
    const [reference, mirrors] = [this.#reference, this.#mirrors];
    return blobChunks(this.#transport, { reference, descriptor, start, mirrors, signal });
  }

  /** What the reference names: all of an index, or what there is for one platform. */
  async find(platform: Platform | undefined, signal: AbortSignal | undefined): Promise<Descriptor> {
    let found = await fetchManifest(this.#transport, this.#reference, { signal });
    for (let depth = 0; platform !== undefined && isImageIndex(found.document); depth++) {
      if (depth >= deepest) throw tooDeep(found.descriptor);
      found = await this.#document(selectPlatform(found.document, platform), signal);
    }
    this.#documents.set(found.descriptor.digest, found);
    return found.descriptor;
  }

  /** For whoever verifies what it reads: mirrors are not asked again for a while. */
  distrustMirrors(error: unknown): void {
    this.#transport.distrust(this.#mirrors, this.#reference, error);
    this.#mirrors.clear();
  }

  async #document(expected: Descriptor, signal: AbortSignal | undefined): Promise<FetchedManifest> {
    const known = this.#documents.get(expected.digest);
    if (known !== undefined) return known;
    const { registry, repository } = this.#reference;
    const reference = parseReference(`${registry}/${repository}@${expected.digest}`);
    return fetchManifest(this.#transport, reference, { signal, expected });
  }
}
