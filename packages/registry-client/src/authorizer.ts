import type { IncomingMessage } from 'node:http';
import { type Challenge, parseChallenges } from './challenge.ts';
import { basic, type Credentials, type CredentialsFor } from './credentials.ts';
import { RegistryError } from './error.ts';
import type { Http } from './http.ts';
import { fetchToken } from './token.ts';

/** Whom a request is for, and what it may need to do there. */
export interface Audience {
  readonly registry: string;
  /** `repository:library/alpine:pull` */
  readonly scope: string;
  readonly endpoint: URL;
  readonly signal?: AbortSignal | undefined;
}

/** Finds the Authorization that a registry wants, and remembers it. */
export class Authorizer {
  readonly #http: Http;
  readonly #credentials: CredentialsFor;
  readonly #insecure: readonly string[];
  readonly #known = new Map<string, { header: string; expires: number }>();
  readonly #asking = new Map<string, Promise<unknown>>();

  constructor(http: Http, credentials: CredentialsFor, insecure: readonly string[]) {
    this.#http = http;
    this.#credentials = credentials;
    this.#insecure = insecure;
  }

  /** What was accepted before, if it still is good. */
  remembered({ registry, scope }: Audience): string | undefined {
    const known = this.#known.get(`${registry} ${scope}`);
    return known !== undefined && known.expires > Date.now() ? known.header : undefined;
  }

  /** Answers a 401. `refused` is the header that was not good enough. Returns undefined where there is nothing to answer with. */
  async answer(
    audience: Audience,
    response: IncomingMessage,
    refused: string | undefined,
  ): Promise<string | undefined> {
    const key = `${audience.registry} ${audience.scope}`;
    if (this.#known.get(key)?.header === refused) this.#known.delete(key);
    // Requests that were refused together need one token between them.
    await this.#asking.get(key)?.catch(() => {});
    const remembered = this.remembered(audience);
    if (remembered !== undefined) return remembered;
    const asking = this.#find(audience, parseChallenges(challengeText(response)));
    this.#asking.set(key, asking);
    try {
      const found = await asking;
      if (found === undefined || found.header === refused) return undefined;
      this.#known.set(key, found);
      return found.header;
    } finally {
      if (this.#asking.get(key) === asking) this.#asking.delete(key);
    }
  }

  async #find(audience: Audience, challenges: Challenge[]): Promise<{ header: string; expires: number } | undefined> {
    const credentials = await this.#credentials(audience.registry);
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (credentials !== undefined && 'token' in credentials) return lasting(`Bearer ${credentials.token}`);
    if (bearer !== undefined) return fetchToken(this.#http, audience, bearer, credentials, this.#insecure);
    return challenges.some(({ scheme }) => scheme === 'basic') ? answerBasic(audience, credentials) : undefined;
  }
}

function answerBasic(
  { endpoint }: Audience,
  credentials: Credentials | undefined,
): { header: string; expires: number } | undefined {
  if (credentials === undefined) return undefined;
  if ('username' in credentials) return lasting(basic(credentials));
  const message = `cannot log in to ${endpoint.host}: it wants a user name and a password, there is only an identity token`;
  throw new RegistryError('UNAUTHORIZED', message, { url: endpoint });
}

function lasting(header: string): { header: string; expires: number } {
  return { header, expires: Number.POSITIVE_INFINITY };
}

function challengeText({ headers }: IncomingMessage): string {
  return headers['www-authenticate'] ?? '';
}
