import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BlobSource, type Descriptor, type ImageLayout, ImageSpecError } from '@estiba/image-spec';
import { Access, type AccessOptions } from './access.ts';
import { Catalog, splitName } from './catalog.ts';
import { type Exchange, reply, replyRefusal } from './exchange.ts';
import { type Fault, Faults } from './faults.ts';
import { layoutStorage } from './layout-storage.ts';
import { memoryStorage } from './memory-storage.ts';
import { Refusal } from './refusal.ts';
import { answer, type Contents } from './routes.ts';
import { Uploads } from './uploads.ts';

export interface RegistryOptions {
  /** 0, unless told, takes any free port. */
  readonly port?: number;
  /** 127.0.0.1 unless told. */
  readonly hostname?: string;
  /** Keep images in this layout, and serve what it holds; in memory unless told. */
  readonly storage?: ImageLayout;
  /** Everybody may do everything unless told. */
  readonly access?: AccessOptions;
}

/** A request as it arrived, for those who test clients. */
export interface RegistryRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** The client's; requests on one connection share it. */
  readonly port: number | undefined;
}

/**
 * A registry in this process, speaking plain HTTP.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export class Registry implements AsyncDisposable {
  /** Host and port, as in the name of an image. */
  readonly host: string;
  readonly url: string;
  /** Every request so far, oldest first. */
  readonly requests: RegistryRequest[] = [];
  readonly #server: Server;
  readonly #contents: Contents;
  readonly #faults = new Faults();

  private constructor(server: Server, options: RegistryOptions) {
    const { address, family, port } = server.address() as AddressInfo;
    this.host = `${family === 'IPv6' ? `[${address}]` : address}:${port}`;
    this.url = `http://${this.host}`;
    const storage = options.storage === undefined ? memoryStorage() : layoutStorage(options.storage);
    this.#contents = {
      storage,
      layout: options.storage,
      catalog: new Catalog(),
      uploads: new Uploads(storage),
      access: options.access && new Access(options.access, this.url),
    };
    this.#server = server;
    server.on('request', (request, response) => void this.#serve(request, response));
  }

  /** Listens on loopback. Rejects with EADDRINUSE for a port that is taken. */
  static async start(options: RegistryOptions = {}): Promise<Registry> {
    const server = createServer({ maxHeaderSize: 64 * 1024, keepAliveTimeout: 60_000 });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port ?? 0, options.hostname ?? '127.0.0.1', resolve);
    });
    const registry = new Registry(server, options);
    if (options.storage !== undefined) await registry.#contents.catalog.load(options.storage);
    return registry;
  }

  /**
   * Serves an image, or an index, that lies somewhere else, without copying its blobs: `name` is what it is called here,
   * such as `demo/app:1`. Returns the name by which clients reach it.
   */
  async add(name: string, source: BlobSource, descriptor: Descriptor): Promise<string> {
    const { repository, tag } = splitName(name);
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

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
    await this.#contents.uploads.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    this.requests.push({ method, path: url, headers, port: request.socket.remotePort });
    const fault = this.#faults.take(method, url);
    const exchange = { request, response, url: addressOf(url, this.url), fault };
    try {
      if (fault?.delay !== undefined) await sleep(fault.delay);
      if (await obey(exchange)) return;
      await answer(exchange, this.#contents);
    } catch (error) {
      await refuse(exchange, error);
    }
    // What was not read of the request would be taken for the next one.
    request.resume();
  }
}

/** A path that begins with two slashes is not another host; `*` and addresses of others are nothing that is here. */
function addressOf(path: string, origin: string): URL {
  return new URL(path.startsWith('/') && URL.canParse(origin + path) ? origin + path : `${origin}/`);
}

async function obey(exchange: Exchange): Promise<boolean> {
  const { fault, url } = exchange;
  if (fault?.redirect !== undefined) {
    const location = `${fault.redirect}${url.pathname}${url.search}`;
    await reply(
      { ...exchange, fault: undefined },
      { status: fault.status ?? 307, headers: { location, ...fault.headers } },
    );
    return true;
  }
  if (fault?.status === undefined) return false;
  const body = fault.body === undefined ? undefined : Buffer.from(fault.body);
  await reply({ ...exchange, fault: undefined }, { status: fault.status, headers: fault.headers ?? {}, body });
  return true;
}

async function refuse(exchange: Exchange, error: unknown): Promise<void> {
  if (exchange.response.headersSent) {
    exchange.response.destroy();
  } else if (error instanceof Refusal) {
    await replyRefusal(exchange, error);
  } else if (error instanceof ImageSpecError) {
    const code =
      error.code.startsWith('DIGEST') || error.code === 'SIZE_MISMATCH' ? 'DIGEST_INVALID' : 'MANIFEST_INVALID';
    await replyRefusal(exchange, new Refusal(400, code, error.message));
  } else {
    await replyRefusal(exchange, new Refusal(500, 'UNSUPPORTED', (error as Error).message));
  }
}
