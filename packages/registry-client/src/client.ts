import type { Agent } from 'node:https';
import { Readable } from 'node:stream';
import {
  type Descriptor,
  type Image,
  type ImageIndex,
  type ImageManifest,
  parseReference,
  type Reference,
  Verifier,
} from '@estiba/image-spec';
import { Authorizer } from './authorizer.ts';
import { blobChunks } from './blob.ts';
import type { Credentials, CredentialsFor } from './credentials.ts';
import { Http, type Timeouts } from './http.ts';
import { fetchManifest, resolveManifest } from './manifest.ts';
import { type PullOptions, pull } from './pull.ts';
import { listTags } from './tags.ts';
import { Transport } from './transport.ts';

export interface RegistryClientOptions {
  /** None unless told. `dockerCredentials()` finds those of `docker login`. */
  readonly credentials?: Credentials | CredentialsFor;
  /** Registries without TLS, such as `registry.lan:5000`. Those on loopback need not be named. */
  readonly insecure?: readonly string[];
  /** How often a request, or a download that gets nowhere, is tried again; 4 unless told. */
  readonly retries?: number;
  /** Milliseconds before the first new try, doubled with each; 500 unless told. A registry's Retry-After comes first. */
  readonly retryDelay?: number;
  readonly timeouts?: Partial<Timeouts>;
  /** For proxies, own certificate authorities and client certificates. */
  readonly agent?: Agent;
}

export interface RequestOptions {
  readonly signal?: AbortSignal;
}

/**
 * Reads from any registry that follows the distribution-spec. Names are read as Docker reads them. Methods reject with
 * RegistryError, with ImageSpecError for content that is wrong, and with the reason of a signal.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export class RegistryClient implements Disposable {
  readonly #http: Http;
  readonly #transport: Transport;

  constructor(options: RegistryClientOptions = {}) {
    const { credentials, insecure = [], retries = 4, retryDelay = 500 } = options;
    const credentialsFor = typeof credentials === 'function' ? credentials : async () => credentials;
    this.#http = new Http(options.timeouts, options.agent);
    this.#transport = new Transport(this.#http, new Authorizer(this.#http, credentialsFor, insecure), {
      retries,
      delay: retryDelay,
      insecure,
    });
  }

  /** What a name points at right now, without fetching it where the registry can tell. */
  async resolve(reference: string | Reference, { signal }: RequestOptions = {}): Promise<Descriptor> {
    return resolveManifest(this.#transport, parsed(reference), signal);
  }

  /** The manifest, or the index, verified. */
  async manifest(reference: string | Reference, { signal }: RequestOptions = {}): Promise<ImageManifest | ImageIndex> {
    return (await fetchManifest(this.#transport, parsed(reference), { signal })).document;
  }

  /** A blob of the repository of `reference`. The stream fails in place of ending where size or digest prove wrong. */
  async blob(
    reference: string | Reference,
    descriptor: Descriptor,
    { signal }: RequestOptions = {},
  ): Promise<Readable> {
    const chunks = blobChunks(this.#transport, { reference: parsed(reference), descriptor, signal });
    return Readable.from(verified(chunks, descriptor), { objectMode: false, highWaterMark: 1024 * 1024 });
  }

  /** The tags of a repository, page by page. */
  tags(repository: string | Reference, { signal }: RequestOptions = {}): AsyncIterableIterator<string> {
    return listTags(this.#transport, parsed(repository), signal);
  }

  /** Copies an image into a layout; blobs that are there are not fetched again. The image gets no name: `tag` it. */
  async pull(reference: string | Reference, options: PullOptions): Promise<Image> {
    return pull(this.#transport, parsed(reference), options);
  }

  /** Closes idle connections. They do not keep a program alive either way. */
  close(): void {
    this.#http.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function parsed(reference: string | Reference): Reference {
  return typeof reference === 'string' ? parseReference(reference) : reference;
}

async function* verified(chunks: AsyncIterable<Buffer>, descriptor: Descriptor): AsyncGenerator<Buffer> {
  const verifier = new Verifier(descriptor);
  for await (const chunk of chunks) {
    verifier.update(chunk);
    yield chunk;
  }
  verifier.finish();
}
