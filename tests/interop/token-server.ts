import { randomUUID, sign, X509Certificate } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Certificate } from '../../packages/testkit/src/index.ts';

export interface TokenServerOptions {
  /** With which tokens are signed, and by which docker-registry knows them; of an elliptic curve. */
  readonly issuer: Certificate;
  readonly username: string;
  readonly password: string;
  /** How long a token is good for; 300 unless told. docker-registry lets it be a minute more. */
  readonly seconds?: number;
  /** What users may do there; everything unless told. */
  readonly allows?: (repository: string, action: string) => boolean;
}

/** What was asked for. */
export interface TokenRequest {
  readonly method: string;
  readonly scopes: readonly string[];
  readonly authorization: string | undefined;
  /** `password` or `refresh_token`, where it came as a form. */
  readonly grant: string | undefined;
}

/**
 * A server that gives out tokens for Debian's docker-registry, as companies have them: the registry knows its certificate, and
 * reads in the token what its bearer may do.
 *
 *     {"typ": "JWT", "alg": "ES256", "x5c": [certificate]} . {"iss", "sub", "aud", "exp", "nbf", "access": […]} . signature
 *
 * https://distribution.github.io/distribution/spec/auth/jwt/
 */
export class TokenServer implements AsyncDisposable {
  readonly service = 'docker-registry';
  readonly issuer = 'estiba';
  /** Where clients are sent to. */
  readonly realm: string;
  /** The certificate, as PEM. */
  readonly certificate: string;
  readonly requests: TokenRequest[] = [];
  readonly #server: Server;
  readonly #options: TokenServerOptions;
  readonly #identities = new Set<string>();

  private constructor(server: Server, options: TokenServerOptions) {
    this.realm = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
    this.certificate = options.issuer.cert;
    this.#server = server;
    this.#options = options;
    server.on('request', (request, response) => void this.#answer(request, response));
  }

  static async start(options: TokenServerOptions): Promise<TokenServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new TokenServer(server, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '' } = request;
    const { authorization } = request.headers;
    const form =
      method === 'POST'
        ? new URLSearchParams(await text(request))
        : new URL(request.url ?? '', this.realm).searchParams;
    const scopes = form.getAll('scope').flatMap((scope) => scope.split(' '));
    this.requests.push({ method, scopes, authorization, grant: form.get('grant_type') ?? undefined });
    const known = method === 'POST' ? this.#isKnown(form) : authorization === this.#basic();
    response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(known ? this.#grant(scopes, form) : { errors: [{ code: 'UNAUTHORIZED' }] }));
  }

  #isKnown(form: URLSearchParams): boolean {
    const { username, password } = this.#options;
    if (form.get('grant_type') === 'refresh_token') return this.#identities.has(form.get('refresh_token') ?? '');
    return form.get('username') === username && form.get('password') === password;
  }

  #basic(): string {
    const { username, password } = this.#options;
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }

  #grant(scopes: readonly string[], form: URLSearchParams): Record<string, unknown> {
    const seconds = this.#options.seconds ?? 300;
    const token = this.#sign(
      scopes.flatMap((scope) => this.#access(scope)),
      seconds,
    );
    const wanted = form.get('offline_token') === 'true' || form.get('access_type') === 'offline';
    return {
      token,
      access_token: token,
      expires_in: seconds,
      issued_at: new Date().toISOString(),
      ...(wanted && { refresh_token: this.#identity() }),
    };
  }

  /** `repository:demo/app:pull,push`, as the token says it. */
  #access(scope: string): unknown[] {
    const [, type, name = '', list = ''] = /^([^:]+):(.+):([^:]+)$/.exec(scope) ?? [];
    if (type === undefined) return [];
    const actions = list.split(',').filter((action) => this.#options.allows?.(name, action) ?? true);
    return [{ type, name, actions }];
  }

  #identity(): string {
    const identity = randomUUID();
    this.#identities.add(identity);
    return identity;
  }

  #sign(access: readonly unknown[], seconds: number): string {
    const { issuer, username } = this.#options;
    const now = Math.floor(Date.now() / 1000);
    const x5c = [new X509Certificate(issuer.cert).raw.toString('base64')];
    const claims = {
      iss: this.issuer,
      sub: username,
      aud: this.service,
      exp: now + seconds,
      nbf: now - 1,
      iat: now,
      jti: randomUUID(),
      access,
    };
    const content = [{ typ: 'JWT', alg: 'ES256', x5c }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    // RFC 7518 section 3.4: the two numbers one after the other, not as DER.
    const signature = sign('sha256', Buffer.from(content), { key: issuer.key, dsaEncoding: 'ieee-p1363' });
    return `${content}.${signature.toString('base64url')}`;
  }
}
