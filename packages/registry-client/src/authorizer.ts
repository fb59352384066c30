import type { IncomingMessage } from 'node:http';
import { abortable } from './abortable.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { basic, type Credentials, type CredentialsFor } from './credentials.ts';
import { RegistryError } from './error.ts';
import type { Http } from './http.ts';
import { fetchToken } from './token.ts';

/** Whom a request is for, and what it may need to do there. */
export interface Audience {
  readonly registry: string;
  readonly repository: string | undefined;
  readonly mirror: boolean;
  /** `repository:library/alpine:pull`, merged. */
  readonly scopes: readonly string[];
  readonly endpoint: URL;
  readonly signal?: AbortSignal | undefined;
}

interface Authorization {
  readonly header: string;
  readonly expires: number;
}

/**
 * Finds the Authorization that a registry wants, and remembers it. By the registry, never by the token service alone: another
 * registry that names the same service would get what is not meant for it.
 */
export class Authorizer {
  readonly #http: Http;
  readonly #credentials: CredentialsFor;
  readonly #insecure: readonly string[];
  readonly #known = new Map<string, Authorization>();
  readonly #asking = new Map<string, Promise<unknown>>();

  constructor(http: Http, credentials: CredentialsFor, insecure: readonly string[]) {
    this.#http = http;
    this.#credentials = credentials;
    this.#insecure = insecure;
  }

  /** What was accepted before, if it still is good. */
  remembered(audience: Audience): string | undefined {
    const known = this.#known.get(keyOf(audience));
    return known !== undefined && known.expires > Date.now() ? known.header : undefined;
  }

  /** Answers a 401. `refused` is the header that was not good enough. Returns undefined where there is nothing to answer with. */
  async answer(
    audience: Audience,
    response: IncomingMessage,
    refused: string | undefined,
  ): Promise<string | undefined> {
    const key = keyOf(audience);
    if (this.#known.get(key)?.header === refused) this.#known.delete(key);
    // Requests that were refused together need one token between them.
    for (let asking = this.#asking.get(key); asking !== undefined; asking = this.#asking.get(key)) {
      await abortable(asking, audience.signal).catch(() => audience.signal?.throwIfAborted());
      const remembered = this.remembered(audience);
      if (remembered !== undefined) return remembered;
      if (this.#asking.get(key) === asking) break;
    }
    const asking = this.#find(audience, parseChallenges(response.headers['www-authenticate'] ?? ''));
    this.#asking.set(key, asking);
    try {
      const found = await abortable(asking, audience.signal);
      if (found === undefined || found.header === refused) return undefined;
      this.#known.set(key, found);
      return found.header;
    } finally {
      if (this.#asking.get(key) === asking) this.#asking.delete(key);
    }
  }

  async #find(audience: Audience, challenges: Challenge[]): Promise<Authorization | undefined> {
    const { registry, repository, mirror, signal } = audience;
    const credentials = await this.#credentials(registry, { repository, mirror, signal });
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (credentials !== undefined && 'token' in credentials) return answerToken(audience, credentials.token);
    if (bearer !== undefined) return fetchToken(this.#http, audience, bearer, credentials, this.#insecure);
    return challenges.some(({ scheme }) => scheme === 'basic') ? answerBasic(audience, credentials) : undefined;
  }
}

function keyOf({ registry, scopes }: Audience): string {
  return `${registry} ${scopes.join(' ')}`;
}

function answerToken({ registry, endpoint }: Audience, token: string): Authorization {
  // Read from a file, it tends to have a line break at its end, for which Node has an error that names no registry.
  if (/^[\x21-\x7e]+$/.test(token)) return lasting(`Bearer ${token}`);
  const message = `cannot log in to ${registry}: the token is empty, or has a space or a line break in it`;
  throw new RegistryError('CREDENTIALS_INVALID', message, { url: endpoint });
}

function answerBasic({ endpoint }: Audience, credentials: Credentials | undefined): Authorization | undefined {
  if (credentials === undefined) return undefined;
  if ('username' in credentials) return lasting(basic(credentials));
  const message = `cannot log in to ${endpoint.host}: it wants a user name and a password, there is only an identity token`;
  throw new RegistryError('UNAUTHORIZED', message, { url: endpoint });
}

function lasting(header: string): Authorization {
  return { header, expires: Number.POSITIVE_INFINITY };
}
