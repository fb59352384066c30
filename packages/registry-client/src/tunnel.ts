import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { type AgentOptions, Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect, type SecureContext } from 'node:tls';
import { RegistryError } from './error.ts';
import { unreachable } from './failures.ts';
import { proxyAuthorization } from './proxy.ts';

export interface Proxy {
  readonly url: URL;
  /** For a proxy that itself has TLS. */
  readonly secureContext?: SecureContext | undefined;
  /** Milliseconds for the way through it. */
  readonly timeout: number;
}

type TunnelOptions = ConnectionOptions & { tunnelSignal?: AbortSignal };

/** For a request: the `signal` that Node knows does not get as far as an agent. */
export function tunnelled(agent: TunnelAgent, signal: AbortSignal | undefined): RequestOptions {
  return { agent, ...(signal && { tunnelSignal: signal }) } as RequestOptions;
}

/**
 * TLS through a proxy, which sees with whom we speak, but not what.
 *
 *     CONNECT registry.example:443 HTTP/1.1  ──>  200
 *     TLS with registry.example, inside
 *
 * https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6
 */
export class TunnelAgent extends HttpsAgent {
  readonly #proxy: Proxy;

  constructor(proxy: Proxy, options: AgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(options: TunnelOptions, done?: (error: Error | null, socket: Duplex) => void): undefined {
    tunnel(this.#proxy, options).then(
      (socket) => done?.(null, connect({ ...options, socket })),
      (error) => done?.(error, undefined as unknown as Duplex),
    );
  }
}

function tunnel(proxy: Proxy, options: TunnelOptions): Promise<Socket> {
  const { url, timeout, secureContext } = proxy;
  const host = options.host?.includes(':') ? `[${options.host}]` : options.host;
  const to = `${host}:${options.port}`;
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method: 'CONNECT',
      path: to,
      headers: { host: to, 'user-agent': 'estiba', ...proxyAuthorization(url) },
      agent: false,
      // The address holds what is for the proxy; Node would send it as Authorization, too.
      auth: null,
      ...(options.tunnelSignal && { signal: options.tunnelSignal }),
      ...(secureContext && { secureContext }),
    });
    const late = new RegistryError('TIMEOUT', `cannot reach ${to}: proxy ${url.host} takes longer than ${timeout} ms`, {
      url,
      retryable: true,
    });
    const timer = setTimeout(() => request.destroy(late), timeout);
    request.once('close', () => clearTimeout(timer));
    request.once('error', (error) => reject(unreachable(url, error)));
    request.once('response', (response) => {
      response.destroy();
      reject(refused(proxy, to, response));
    });
    request.once('connect', (response, socket: Socket, head) => {
      clearTimeout(timer);
      if (response.statusCode !== 200 || head.length > 0) {
        socket.destroy();
        reject(refused(proxy, to, response));
      } else {
        resolve(socket);
      }
    });
    request.end();
  });
}

function refused({ url }: Proxy, to: string, { statusCode: status = 0 }: IncomingMessage): RegistryError {
  const hint = status === 407 ? '; it wants a user name and a password in its address' : '';
  return new RegistryError('PROXY_REFUSED', `cannot reach ${to}: proxy ${url.host} answers ${status}${hint}`, {
    url,
    status,
    retryable: status === 429 || status >= 500,
  });
}
