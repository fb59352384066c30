import { randomBytes } from 'node:crypto';
import { Refusal } from './refusal.ts';

/** Who may use a registry, and for what. */
export interface AccessOptions {
  /** The one user there is; or `check`. */
  readonly username?: string;
  readonly password?: string;
  /** Whether that is a user's password. */
  readonly check?: (username: string, password: string) => boolean | Promise<boolean>;
  /** Whether a user, or a stranger, may do something, such as `repository:demo/app:push`; users everything unless told. */
  readonly allows?: (username: string | undefined, scope: string) => boolean;
  /** `bearer` (unless told) has people fetch a token first, as large registries do. */
  readonly scheme?: 'basic' | 'bearer';
  /** Whether strangers may pull. */
  readonly anonymousPull?: boolean;
  /** How long a token is good for; 300 unless told. */
  readonly tokenSeconds?: number;
  /** Where clients are told to get tokens; from this registry itself unless told. */
  readonly realm?: string;
}

/** What a token is good for, until when. */
interface Token {
  readonly scopes: ReadonlySet<string>;
  /** What it was to be good for. */
  readonly asked: ReadonlySet<string>;
  readonly expires: number;
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
  readonly #origin: () => string;
  readonly #tokens = new Map<string, Token>();
  readonly #identities = new Map<string, string>();

  constructor(options: AccessOptions, origin: () => string) {
    this.#options = options;
    this.#origin = origin;
  }

  /** Throws UNAUTHORIZED with a challenge, or DENIED. Without a scope, anybody who is known will do. */
  async check(authorization: string | undefined, scope: string | undefined): Promise<void> {
    if (scope === undefined ? await this.#isKnown(authorization) : await this.may(authorization, scope)) return;
    if (this.#options.scheme !== 'basic') throw this.#challenge(authorization, scope === undefined ? [] : [scope]);
    if ((await this.user(authorization)) !== undefined) throw new Refusal(403, 'DENIED', `${scope} is not allowed`);
    throw refuse(`Basic realm="${this.#origin()}"`);
  }

  async may(authorization: string | undefined, scope: string): Promise<boolean> {
    if (this.#options.scheme !== 'basic') return this.#token(authorization)?.scopes.has(scope) === true;
    const username = await this.user(authorization);
    return (username !== undefined || isStranger(authorization)) && this.#allows(username, scope);
  }

  /** To mount a blob one has to be able to read it: whoever has not asked for that is told to. Throws UNAUTHORIZED. */
  async checkMount(authorization: string | undefined, name: string, from: string): Promise<void> {
    const scope = `repository:${from}:pull`;
    const asked = this.#options.scheme === 'basic' || this.#token(authorization)?.asked.has(scope);
    if (!asked) throw this.#challenge(authorization, [`repository:${name}:push`, scope]);
  }

  /** The user of a Basic authorization; undefined for wrong ones. */
  async user(authorization: string | undefined): Promise<string | undefined> {
    const [, encoded = ''] = /^Basic (.+)$/i.exec(authorization ?? '') ?? [];
    const [, username = '', password = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? [];
    return (await this.accepts(username, password)) ? username : undefined;
  }

  async accepts(username: string, password: string): Promise<boolean> {
    const { check, username: known, password: secret } = this.#options;
    if (check !== undefined) return username !== '' && (await check(username, password));
    return known !== undefined && username === known && password === secret;
  }

  /** A token for what of it is allowed. */
  issue(username: string | undefined, asked: readonly string[]): { token: string; seconds: number; scopes: string[] } {
    const scopes = asked.filter((scope) => this.#allows(username, scope));
    const seconds = this.#options.tokenSeconds ?? 300;
    for (const [old, { expires }] of this.#tokens) if (expires < Date.now()) this.#tokens.delete(old);
    const token = randomBytes(24).toString('hex');
    const expires = Date.now() + seconds * 1000;
    this.#tokens.set(token, { scopes: new Set(scopes), asked: new Set(asked), expires });
    return { token, seconds, scopes };
  }

  /** A token that stands for user name and password, at the token server alone. */
  identify(username: string): string {
    const token = randomBytes(24).toString('hex');
    this.#identities.set(token, username);
    return token;
  }

  identified(token: string): string | undefined {
    return this.#identities.get(token);
  }

  get takesStrangers(): boolean {
    return this.#options.anonymousPull === true;
  }

  /** Every token that was issued is worth nothing from now on. */
  expire(): void {
    this.#tokens.clear();
  }

  #allows(username: string | undefined, scope: string): boolean {
    if (username === undefined && !(this.takesStrangers && scope.endsWith(':pull'))) return false;
    return this.#options.allows?.(username, scope) ?? true;
  }

  async #isKnown(authorization: string | undefined): Promise<boolean> {
    if (this.#options.scheme !== 'basic') return this.#token(authorization) !== undefined;
    // Many clients learn from this answer alone that there is something to log in to: strangers who may pull are told, too.
    return (await this.user(authorization)) !== undefined;
  }

  #token(authorization: string | undefined): Token | undefined {
    const token = this.#tokens.get(/^Bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? '');
    return token !== undefined && token.expires > Date.now() ? token : undefined;
  }

  #challenge(authorization: string | undefined, scopes: readonly string[]): Refusal {
    const realm = this.#options.realm ?? `${this.#origin()}/token`;
    // Who pushes also looks what is there.
    const wanted = scopes.map((scope) => scope.replace(/:push$/, ':pull,push')).join(' ');
    const reason = this.#token(authorization) === undefined ? 'invalid_token' : 'insufficient_scope';
    return refuse(
      `Bearer realm="${realm}",service="estiba"` +
        (wanted === '' ? '' : `,scope="${wanted}"`) +
        (authorization === undefined ? '' : `,error="${reason}"`),
    );
  }
}

/** Skopeo and podman answer every challenge for Basic, with neither name nor password where they have none. */
function isStranger(authorization: string | undefined): boolean {
  return authorization === undefined || authorization === 'Basic Og==';
}

function refuse(challenge: string): Refusal {
  return new Refusal(401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': challenge });
}
