import { randomBytes } from 'node:crypto';
import { Refusal } from './refusal.ts';

/** Who may use a registry. */
export interface AccessOptions {
  readonly username: string;
  readonly password: string;
  /** `bearer` (unless told) has people fetch a token first, as large registries do. */
  readonly scheme?: 'basic' | 'bearer';
  /** Whether tokens for pulling are given to everybody. */
  readonly anonymousPull?: boolean;
  /** How long a token is good for; 300 unless told. */
  readonly tokenSeconds?: number;
}

/**
 * Basic authentication, or tokens:
 *
 *     GET /v2/…  ──> 401 WWW-Authenticate: Bearer realm="/token", scope="repository:x:pull"
 *     GET /token ──> {"token": "…"}
 *     GET /v2/…  Authorization: Bearer … ──> 200
 *
 * https://distribution.github.io/distribution/spec/auth/token/
 */
export class Access {
  readonly #options: AccessOptions;
  readonly #origin: string;
  readonly #tokens = new Map<string, { scopes: Set<string>; expires: number }>();

  constructor(options: AccessOptions, origin: string) {
    this.#options = options;
    this.#origin = origin;
  }

  /** Throws UNAUTHORIZED with a challenge. */
  check(authorization: string | undefined, repository: string | undefined, action: 'pull' | 'push'): void {
    const scope = repository === undefined ? undefined : `repository:${repository}:${action}`;
    if (this.#options.scheme === 'basic') {
      if (!this.#knows(authorization)) throw this.#refuse(`Basic realm="${this.#origin}"`);
      return;
    }
    const token = this.#tokens.get(/^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? '');
    const allowed =
      token !== undefined && token.expires > Date.now() && (scope === undefined || token.scopes.has(scope));
    if (allowed) return;
    const wanted =
      scope === undefined ? '' : `,scope="repository:${repository}:${action === 'push' ? 'pull,push' : 'pull'}"`;
    throw this.#refuse(`Bearer realm="${this.#origin}/token",service="estiba"${wanted}`);
  }

  /** Answers the token endpoint. Throws UNAUTHORIZED. */
  grant(
    authorization: string | undefined,
    scopes: readonly string[],
  ): { token: string; expires_in: number; issued_at: string } {
    const known = this.#knows(authorization);
    const granted = scopes.flatMap(splitScope).filter((scope) => known || scope.endsWith(':pull'));
    if (!known && (authorization !== undefined || this.#options.anonymousPull !== true)) {
      throw new Refusal(401, 'UNAUTHORIZED', 'wrong user name or password');
    }
    const token = randomBytes(24).toString('hex');
    const seconds = this.#options.tokenSeconds ?? 300;
    this.#tokens.set(token, { scopes: new Set(granted), expires: Date.now() + seconds * 1000 });
    return { token, expires_in: seconds, issued_at: new Date().toISOString() };
  }

  #knows(authorization: string | undefined): boolean {
    const { username, password } = this.#options;
    return authorization === `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }

  #refuse(challenge: string): Refusal {
    return new Refusal(401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': challenge });
  }
}

/** `repository:x:pull,push` is two scopes. */
function splitScope(text: string): string[] {
  return text.split(' ').flatMap((scope) => {
    const colon = scope.lastIndexOf(':');
    return scope
      .slice(colon + 1)
      .split(',')
      .map((action) => `${scope.slice(0, colon)}:${action}`);
  });
}
