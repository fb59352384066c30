import type { IncomingMessage } from 'node:http';
import type { Audience, Authorizer } from './authorizer.ts';
import { endpoint } from './endpoint.ts';
import type { Http } from './http.ts';
import { readAll } from './read-all.ts';
import { sendFollowing } from './redirect.ts';
import { refusal } from './refusal.ts';
import { type RetryOptions, retrying } from './retry.ts';

export interface RepositoryRequest {
  readonly registry: string;
  readonly repository: string;
  readonly method?: 'GET' | 'HEAD';
  /** Below `/v2/<repository>/`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What is attempted, for errors. */
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly response: IncomingMessage;
  /** Where the answer came from in the end. */
  readonly url: URL;
}

/** Requests to repositories: the right address, the right token, again if need be. */
export class Transport {
  readonly http: Http;
  readonly retry: Pick<RetryOptions, 'retries' | 'delay'>;
  readonly #authorizer: Authorizer;
  readonly #insecure: readonly string[];

  constructor(
    http: Http,
    authorizer: Authorizer,
    options: Pick<RetryOptions, 'retries' | 'delay'> & { insecure: readonly string[] },
  ) {
    this.http = http;
    this.retry = { retries: options.retries, delay: options.delay };
    this.#authorizer = authorizer;
    this.#insecure = options.insecure;
  }

  /** An answer of status 2xx; every other becomes a RegistryError. */
  send(request: RepositoryRequest): Promise<Answer> {
    return retrying(() => this.sendOnce(request), { ...this.retry, signal: request.signal });
  }

  /** As `send`, with the body, of at most so many bytes: one that is cut off is asked for again. */
  read(request: RepositoryRequest, most: number): Promise<Answer & { readonly bytes: Buffer }> {
    return retrying(
      async () => {
        const answer = await this.sendOnce(request);
        const body = this.http.body(answer.response, answer.url, request.signal);
        return { ...answer, bytes: await readAll(body, most, answer.url) };
      },
      { ...this.retry, signal: request.signal },
    );
  }

  async sendOnce(request: RepositoryRequest): Promise<Answer> {
    const { registry, repository, signal } = request;
    const audience = {
      registry,
      scope: `repository:${repository}:pull`,
      endpoint: endpoint(registry, this.#insecure),
      signal,
    };
    const first = this.#authorizer.remembered(audience);
    let answer = await this.#ask(request, audience, first);
    if (isChallenge(answer)) {
      const header = await this.#authorizer.answer(audience, answer.response, first);
      if (header !== undefined) {
        await this.http.drain(answer.response, answer.url);
        answer = await this.#ask(request, audience, header);
      }
    }
    const status = answer.response.statusCode ?? 0;
    if (status >= 200 && status < 300) return answer;
    throw await refusal(this.http, answer.response, answer.url, request.what);
  }

  #ask(request: RepositoryRequest, { endpoint: base }: Audience, authorization: string | undefined): Promise<Answer> {
    const { method = 'GET', repository, path, headers = {}, signal } = request;
    const url = new URL(`/v2/${repository}/${path}`, base);
    return sendFollowing(this.http, {
      method,
      url,
      headers: { ...headers, ...(authorization ? { authorization } : {}) },
      signal,
    });
  }
}

function isChallenge({ response: { statusCode, headers } }: Answer): boolean {
  const challenge = headers['www-authenticate'] ?? '';
  return statusCode === 401 || (statusCode === 403 && challenge.includes('insufficient_scope'));
}
