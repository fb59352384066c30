import { Agent as HttpAgent, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { abortable } from './abortable.ts';
import { checkReach, foreignAddress, guardedLookup } from './address.ts';
import type { CertificatesFor } from './certificates.ts';
import { RegistryError } from './error.ts';
import { intoOneBuffer } from './one-buffer.ts';
import { environmentProxy, type ProxyFor, proxyAuthorization } from './proxy.ts';
import { TunnelAgent, tunnelled } from './tunnel.ts';

export interface ConnectionOptions {
  /** Authorities to believe besides those of Node, in PEM, for every host. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[] | undefined;
  /** What else TLS with a host takes. None unless told; `dockerCertificates()` finds those of Docker and podman. */
  readonly certificates?: CertificatesFor | undefined;
  /** As HTTPS_PROXY, HTTP_PROXY and NO_PROXY say, unless told; `() => undefined` is for none. */
  readonly proxy?: ProxyFor | undefined;
  /** For https, in place of `ca`, `certificates` and `proxy`. */
  readonly agent?: HttpsAgent | undefined;
}

/** How to get to an address. */
export interface Route {
  /** Whom to ask: the address, or the proxy. */
  readonly url: URL;
  readonly options: RequestOptions;
  readonly headers: Readonly<Record<string, string>>;
  /** For a connection that is there already: why this request may not have it. */
  readonly checkSocket?: ((socket: Socket) => RegistryError | undefined) | undefined;
}

/** The connections that are kept, and the ways to new ones. */
export class Connections {
  readonly #options: ConnectionOptions;
  readonly #timeout: number;
  readonly #plain = new HttpAgent({ keepAlive: true, ...intoOneBuffer() });
  readonly #secure: HttpsAgent;
  readonly #tunnels = new Map<string, TunnelAgent>();
  readonly #contexts = new Map<string, Promise<SecureContext | undefined>>();

  /** `timeout` is for the way through a proxy, in milliseconds. */
  constructor(options: ConnectionOptions, timeout: number) {
    this.#options = { proxy: environmentProxy(), ...options };
    this.#timeout = timeout;
    this.#secure = options.agent ?? new HttpsAgent({ keepAlive: true });
  }

  /** `from` is who sent us there. Rejects with ADDRESS_REFUSED, and with what is wrong with certificates and proxies. */
  async route(
    url: URL,
    { from, signal }: { from?: URL | undefined; signal?: AbortSignal | undefined },
  ): Promise<Route> {
    const guarded = from !== undefined && from.hostname !== url.hostname;
    if (guarded) checkReach(from, url);
    const options = guarded ? { lookup: guardedLookup(from) } : {};
    const checkSocket = guarded
      ? ({ remoteAddress = '' }: Socket) => foreignAddress(from, url.hostname, remoteAddress)
      : undefined;
    const secure = url.protocol === 'https:';
    if (secure && this.#options.agent !== undefined)
      return { url, headers: {}, options: { ...options, agent: this.#options.agent }, checkSocket };
    const proxy = this.#options.proxy?.(url);
    if (proxy === undefined)
      return { url, headers: {}, options: { ...options, ...(await this.#direct(url, signal)) }, checkSocket };
    if (secure) {
      const agent = await this.#tunnel(proxy, signal);
      return { url, headers: {}, options: { ...tunnelled(agent, signal), ...(await this.#trust(url, signal)) } };
    }
    return {
      url: proxy,
      headers: { host: url.host, ...proxyAuthorization(proxy) },
      options: {
        path: `${url.origin}${url.pathname}${url.search}`,
        auth: null,
        ...(await this.#direct(proxy, signal)),
      },
    };
  }

  /** Those that are idle. An agent of the caller is left alone. */
  close(): void {
    const own = [this.#plain, ...this.#tunnels.values(), ...(this.#options.agent === undefined ? [this.#secure] : [])];
    const idle = own.flatMap(({ freeSockets }) => Object.values(freeSockets).flatMap((sockets) => sockets ?? []));
    // Not by agent.destroy(), which takes connections from those who use them.
    for (const socket of idle) socket.destroy();
  }

  async #direct(url: URL, signal: AbortSignal | undefined): Promise<RequestOptions> {
    if (url.protocol !== 'https:') return { agent: this.#plain };
    return { agent: this.#secure, ...(await this.#trust(url, signal)) };
  }

  async #tunnel(proxy: URL, signal: AbortSignal | undefined): Promise<TunnelAgent> {
    const found = this.#tunnels.get(proxy.href);
    if (found !== undefined) return found;
    const trust = proxy.protocol === 'https:' ? await this.#trust(proxy, signal) : {};
    const agent = new TunnelAgent({ url: proxy, timeout: this.#timeout, ...trust }, { keepAlive: true });
    this.#tunnels.set(proxy.href, agent);
    return agent;
  }

  async #trust({ host }: URL, signal: AbortSignal | undefined): Promise<{ secureContext?: SecureContext }> {
    const making = this.#contexts.get(host) ?? this.#makeContext(host);
    this.#contexts.set(host, making);
    try {
      const secureContext = await abortable(making, signal);
      return secureContext === undefined ? {} : { secureContext };
    } catch (error) {
      // Files may be put right.
      this.#contexts.delete(host);
      throw error;
    }
  }

  async #makeContext(host: string): Promise<SecureContext | undefined> {
    const { ca = [], certificates } = this.#options;
    const own = await certificates?.(host);
    const authorities = [...(Array.isArray(ca) ? ca : [ca as string]), ...(own?.ca ?? [])];
    const { client = [] } = own ?? {};
    if (authorities.length === 0 && client.length === 0) return undefined;
    try {
      return createSecureContext({
        ...(authorities.length > 0 && { ca: [...getCACertificates('default'), ...authorities] }),
        cert: client.map(({ cert }) => cert),
        key: client.map(({ key }) => key),
      });
    } catch (cause) {
      const why = (cause as NodeJS.ErrnoException).code ?? 'they are not PEM';
      throw new RegistryError('CERTIFICATES_INVALID', `cannot use the certificates for ${host}: ${why}`, {
        url: `https://${host}`,
        cause,
      });
    }
  }
}
