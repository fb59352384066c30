import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** Certificates, as PEM. */
export interface TlsOptions {
  readonly key: string | Uint8Array;
  readonly cert: string | Uint8Array;
  /** Clients have to show a certificate that this authority has signed. */
  readonly clientAuthority?: string | Uint8Array;
}

export interface ListenOptions {
  readonly port?: number | undefined;
  readonly hostname?: string | undefined;
  readonly tls?: TlsOptions | undefined;
}

/** A server that listens. */
export class Listener {
  /** `127.0.0.1:40000` */
  readonly host: string;
  /** `https://127.0.0.1:40000` */
  readonly origin: string;
  readonly #server: Server;

  private constructor(server: Server, scheme: 'http' | 'https') {
    const { address, family, port } = server.address() as AddressInfo;
    this.host = `${family === 'IPv6' ? `[${address}]` : address}:${port}`;
    this.origin = `${scheme}://${this.host}`;
    this.#server = server;
  }

  /** Rejects with EADDRINUSE for a port that is taken. */
  static async open(serve: RequestListener, { port = 0, hostname, tls }: ListenOptions): Promise<Listener> {
    // Addresses and tokens of large registries are long; a body takes as long as it takes.
    const bounds = { maxHeaderSize: 64 * 1024, keepAliveTimeout: 60_000, requestTimeout: 0 };
    const server =
      tls === undefined ? createServer(bounds, serve) : createSecureServer({ ...bounds, ...certificates(tls) }, serve);
    server.maxHeadersCount = 256;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, hostname ?? '127.0.0.1', resolve);
    });
    return new Listener(server, tls === undefined ? 'http' : 'https');
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

function certificates({ key, cert, clientAuthority }: TlsOptions): {
  key: Buffer;
  cert: Buffer;
  ca?: Buffer;
  requestCert?: boolean;
} {
  const pem = { key: Buffer.from(key), cert: Buffer.from(cert) };
  return clientAuthority === undefined ? pem : { ...pem, ca: Buffer.from(clientAuthority), requestCert: true };
}
