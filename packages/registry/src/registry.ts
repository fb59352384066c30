import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type BlobSource,
  type Descriptor,
  type ImageLayout,
  ImageSpecError,
  maxDocumentBytes,
} from '@estiba/image-spec';
import { Access, type AccessOptions } from './access.ts';
import { Catalog } from './catalog.ts';
import type { Contents, RegistryFeature, Rules } from './contents.ts';
import type { Fault } from './fault.ts';
import { Faults } from './faults.ts';
import { layoutNames, loadNames, noNames } from './layout-names.ts';
import { layoutStorage } from './layout-storage.ts';
import { memoryStorage } from './memory-storage.ts';
import { isServable, splitName } from './names.ts';
import { entryOf, type RegistryRequest } from './request-log.ts';
import { answer } from './routes.ts';
import { serve } from './serve.ts';
import { Listener, type TlsOptions } from './server.ts';
import { Uploads } from './uploads.ts';

export interface RegistryOptions {
  /** 0, unless told, takes any free port. */
  readonly port?: number;
  /** 127.0.0.1 unless told. */
  readonly hostname?: string;
  /** HTTPS, with this certificate; plain HTTP unless told. */
  readonly tls?: TlsOptions;
  /** Keep images in this layout, and serve what it holds; in memory unless told. */
  readonly storage?: ImageLayout;
  /** Everybody may do everything unless told. */
  readonly access?: AccessOptions;
  /** Whether manifests, tags and blobs can be deleted. Default: false, as with most registries. */
  readonly deletes?: boolean;
  /** Take any bytes for a manifest, also where its blobs are not here. Default: false. */
  readonly lenient?: boolean;
  /** The longest manifest taken; 4 MiB unless told, which every registry has to take, and more only if `lenient`. */
  readonly maxManifestBytes?: number;
  /** The longest blob taken; any unless told. */
  readonly maxBlobBytes?: number;
  /** The shortest chunk taken that is not the last; any unless told. */
  readonly minChunkBytes?: number;
  /** How many tags, repositories or referrers are listed at once; all of them unless told. */
  readonly pageSize?: number;
  /** What to do without, as older registries do. */
  readonly lacks?: readonly RegistryFeature[];
}

const mostRequests = 10_000;

/**
 * A registry in this process.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export class Registry implements AsyncDisposable {
  /** The last requests, ten thousand at most, oldest first. */
  readonly requests: RegistryRequest[] = [];
  readonly #options: RegistryOptions;
  readonly #contents: Contents;
  readonly #faults = new Faults();
  readonly #listeners: Promise<Listener>[] = [];
  #listener!: Listener;
  #elsewhere: Promise<Listener> | undefined;

  private constructor(options: RegistryOptions) {
    this.#options = options;
    this.#contents = contentsOf(options, () => this.url);
  }

  /** Listens on loopback. Rejects with EADDRINUSE for a port that is taken. */
  static async start(options: RegistryOptions = {}): Promise<Registry> {
    const registry = new Registry(options);
    // First: a client that has waited for this port must not be told that there is nothing.
    if (options.storage !== undefined) await loadNames(options.storage, registry.#contents.catalog, options);
    registry.#listener = await registry.#listen('registry', options.port);
    return registry;
  }

  /** Host and port, as in the name of an image. */
  get host(): string {
    return this.#listener.host;
  }

  get url(): string {
    return this.#listener.origin;
  }

  /**
   * Serves an image, or an index, that lies somewhere else, without copying its blobs: `name` is what it is called here,
   * such as `demo/app:1`. Returns the name by which clients reach it. Throws REFERENCE_INVALID.
   */
  async add(name: string, source: BlobSource, descriptor: Descriptor): Promise<string> {
    const { repository, tag } = splitName(name);
    if (tag === undefined || !isServable(repository, tag)) {
      const why = 'a name in a registry is like demo/app:1, in lower case and without a host or a digest';
      throw new ImageSpecError('REFERENCE_INVALID', `cannot serve an image as ${JSON.stringify(name)}: ${why}`);
    }
    await this.#contents.catalog.lend(repository, source, descriptor, tag);
    return `${this.host}/${repository}:${tag}`;
  }

  /** Lets the next matching request go wrong. Faults are tried in the order in which they were given. */
  fail(fault: Fault): void {
    this.#faults.add(fault);
  }

  /** Forgets the faults that have not happened yet. */
  heal(): void {
    this.#faults.clear();
  }

  /** No token that was given out is good any longer. */
  expireTokens(): void {
    this.#contents.access?.expire();
  }

  /**
   * A second origin for the same content, which asks nobody who he is, as the storage behind large registries does. It begins
   * to listen when it is asked for the first time.
   */
  async elsewhere(): Promise<string> {
    this.#elsewhere ??= this.#listen('elsewhere');
    return (await this.#elsewhere).origin;
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.map(async (listener) => (await listener.catch(() => undefined))?.close()));
    const { uploads, catalog, storage } = this.#contents;
    await uploads.close();
    await catalog.settled();
    await storage.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #listen(server: RegistryRequest['server'], port?: number): Promise<Listener> {
    const { hostname, tls } = this.#options;
    const opened = Listener.open((request, response) => void this.#serve(request, response, server), {
      port,
      hostname,
      tls,
    });
    this.#listeners.push(opened);
    return opened;
  }

  async #serve(request: IncomingMessage, response: ServerResponse, server: RegistryRequest['server']): Promise<void> {
    const entry = entryOf(request, server);
    this.requests.push(entry);
    if (this.requests.length > mostRequests) this.requests.shift();
    const fault = this.#faults.take(entry);
    if (fault?.expireTokens) this.expireTokens();
    const second = fault?.redirect === 'elsewhere' || fault?.uploadElsewhere;
    const elsewhere = second ? await this.elsewhere() : '';
    const exchange = { request, response, url: addressOf(entry.path, this.url), entry, fault, elsewhere };
    const contents = server === 'registry' ? this.#contents : { ...this.#contents, access: undefined };
    await serve(exchange, (each) => answer(each, contents));
  }
}

function contentsOf(options: RegistryOptions, origin: () => string): Contents {
  const { storage: layout, access } = options;
  const storage = layout === undefined ? memoryStorage() : layoutStorage(layout);
  const names = layout === undefined ? noNames : layoutNames(layout);
  const catalog = new Catalog();
  const rules: Rules = {
    deletes: false,
    lenient: false,
    maxManifestBytes: maxDocumentBytes,
    maxBlobBytes: Infinity,
    minChunkBytes: 0,
    pageSize: Infinity,
    ...options,
    ...(!options.lenient && {
      maxManifestBytes: Math.min(options.maxManifestBytes ?? maxDocumentBytes, maxDocumentBytes),
    }),
    lacks: new Set(options.lacks),
  };
  const uploads = new Uploads(catalog, storage, rules);
  return { catalog, storage, names, uploads, access: access && new Access(access, origin), rules };
}

/** A path that begins with two slashes is not another host; `*` and addresses of others are nothing that is here. */
function addressOf(path: string, origin: string): URL {
  return new URL(path.startsWith('/') && URL.canParse(origin + path) ? origin + path : `${origin}/`);
}
