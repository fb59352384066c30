import type { IncomingMessage } from 'node:http';
import { ImageSpecError } from '@estiba/image-spec';
import type { Audience, Authorizer } from './authorizer.ts';
import type { BoundCredentials } from './bound-credentials.ts';
import { RegistryError } from './error.ts';
import type { Http } from './http.ts';
import { HostLimits } from './limit.ts';
import type { Place, Places } from './places.ts';
import { sendFollowing } from './redirect.ts';
import { refusal } from './refusal.ts';
import type { RequestBody } from './request-body.ts';
import { type RetryOptions, retrying } from './retry.ts';
import { type Action, catalogScope, mergeScopes, repositoryScope } from './scopes.ts';

export interface RepositoryRequest {
  /** As in the name of an image: `docker.io`. */
  readonly registry: string;
  /** None for what belongs to the registry as a whole. */
  readonly repository?: string | undefined;
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Below `/v2/<repository>/`, or below `/v2/`, with the query. */
  readonly path: string;
  /** In place of `path`: where the registry said that it goes on, `whereTo(answer.url, location)`. Elsewhere nobody gets a token. */
  readonly location?: URL | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody | undefined;
  /** What is done to the repository; `['pull']` unless told. */
  readonly actions?: readonly Action[];
  /** What else a token has to allow: `repository:other:pull` to mount a blob from there. */
  readonly scopes?: readonly string[];
  /** What is attempted, for errors. */
  readonly what: string;
  /** Milliseconds that the answer may take longer than others. */
  readonly patience?: number | undefined;
  /** Answers besides 2xx that are wanted, such as 404. */
  readonly accept?: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly response: IncomingMessage;
  /** Where the answer came from in the end. */
  readonly url: URL;
  /** Which mirror was asked; none where the registry itself was. */
  readonly mirror?: Place;
}

export interface ReadAnswer extends Answer {
  readonly bytes: Buffer;
}

export interface TransportOptions extends Pick<RetryOptions, 'retries' | 'delay' | 'onRetry'> {
  readonly places: Places;
  /** How many blobs at once for each registry. */
  readonly perHost: number;
  readonly credentials?: BoundCredentials | undefined;
}

/** Requests to repositories: the right address, the right token, again if need be. */
export class Transport {
  readonly http: Http;
  readonly retry: Pick<RetryOptions, 'retries' | 'delay' | 'onRetry'>;
  /** For blobs, by registry, whoever moves them. */
  readonly limits: HostLimits;
  /** Where they are for one registry alone. */
  readonly credentials: BoundCredentials | undefined;
  readonly #authorizer: Authorizer;
  readonly #places: Places;

  constructor(http: Http, authorizer: Authorizer, { places, perHost, credentials, ...retry }: TransportOptions) {
    this.http = http;
    this.limits = new HostLimits(perHost);
    this.retry = retry;
    this.credentials = credentials;
    this.#authorizer = authorizer;
    this.#places = places;
  }

  /** An answer of status 2xx, or one that is accepted; every other becomes a RegistryError. */
  send(request: RepositoryRequest): Promise<Answer> {
    return retrying(() => this.sendOnce(request), { ...this.retry, signal: request.signal });
  }

  /** As `send`, with the body, of at most so many bytes: one that is cut off is asked for again. */
  read(request: RepositoryRequest, most: number): Promise<ReadAnswer> {
    return this.readAs(request, most, (answer) => answer);
  }

  /** As `read`, with what is made of it. Where `parse` throws for what a mirror sent, another place is asked. */
  readAs<T>(request: RepositoryRequest, most: number, parse: (answer: ReadAnswer) => T): Promise<T> {
    return retrying(() => this.#readOnce(request, most, parse), { ...this.retry, signal: request.signal });
  }

  /** As `read`; what fails is not tried again. */
  readOnce(request: RepositoryRequest, most: number): Promise<ReadAnswer> {
    return this.#readOnce(request, most, (answer) => answer);
  }

  /** As `send`; what fails is not tried again. Where `check` throws for what a mirror sent, another place is asked. */
  sendOnce(request: RepositoryRequest, check?: (answer: Answer) => void): Promise<Answer> {
    return this.#through(request, async (answer) => {
      check?.(answer);
      return answer;
    });
  }

  /** For content that proved wrong only when all of it was there: these mirrors are left alone for a while. */
  distrust(mirrors: Iterable<Place>, asked: { readonly registry: string }, error: unknown): void {
    if (!(error instanceof RegistryError || error instanceof ImageSpecError) || !isWrong(error)) return;
    for (const mirror of mirrors) this.#places.distrust(mirror, asked, error);
  }

  #readOnce<T>(request: RepositoryRequest, most: number, parse: (answer: ReadAnswer) => T): Promise<T> {
    return this.#through(request, async (answer) => {
      const bytes = await this.http.readAll(answer.response, answer.url, most, request.signal);
      return parse({ ...answer, bytes });
    });
  }

  /** Mirrors first, each once, where it is for reading; then the registry itself. */
  async #through<T>(request: RepositoryRequest, take: (answer: Answer) => Promise<T>): Promise<T> {
    this.credentials?.meet(request.registry);
    for (const mirror of this.#places.mirrors(request)) {
      const taken = await this.#places.attempt(mirror, request, async () =>
        take({ ...(await this.#ask(request, mirror)), mirror }),
      );
      if (taken !== undefined) return taken;
    }
    return take(await this.#ask(request, this.#places.origin(request)));
  }

  async #ask(request: RepositoryRequest, place: Place): Promise<Answer> {
    const audience = audienceOf(request, place);
    const url = addressOf(request, place);
    // Only the registry itself learns who we are, not the storage it sends us to.
    const known = url.origin === place.endpoint.origin;
    const first = known ? this.#authorizer.remembered(audience) : undefined;
    const from = request.location && place.endpoint;
    let answer = await this.#send({ ...request, url, from }, first);
    const sent = [first];
    // Storage that it sends us to does not get to ask who we are: its token service would get the password.
    if (known && answer.url.origin === url.origin && isChallenge(answer)) {
      const authorization = await this.#authorizer.answer(audience, answer.response, first);
      sent.push(authorization);
      if (authorization !== undefined) {
        await this.http.drain(answer.response, answer.url);
        answer = await this.#send({ ...request, url, from }, authorization);
      }
    }
    const status = answer.response.statusCode ?? 0;
    if ((status >= 200 && status < 300) || request.accept?.includes(status)) return answer;
    throw await refusal(this.http, answer, { what: request.what, sent });
  }

  #send(
    {
      method = 'GET',
      url,
      from,
      headers,
      body,
      patience,
      signal,
    }: Omit<RepositoryRequest, 'location'> & { url: URL; from: URL | undefined },
    authorization: string | undefined,
  ): Promise<Answer> {
    const sent = { ...headers, ...(authorization ? { authorization } : {}) };
    return sendFollowing(this.http, { method, url, from, headers: sent, body, patience, signal });
  }
}

function audienceOf(
  { repository, actions = ['pull'], scopes = [], signal }: RepositoryRequest,
  place: Place,
): Audience {
  const own = repository === undefined ? catalogScope : repositoryScope(`${place.prefix}${repository}`, actions);
  const { registry, mirror, endpoint } = place;
  return { registry, repository, mirror, endpoint, scopes: mergeScopes([own, ...scopes]), signal };
}

function addressOf({ repository, path, location }: RepositoryRequest, { endpoint, prefix, query }: Place): URL {
  if (location !== undefined) return location;
  const url = new URL(`/v2/${repository === undefined ? '' : `${prefix}${repository}/`}${path}`, endpoint);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

function isChallenge({ response: { statusCode, headers } }: Answer): boolean {
  const challenge = headers['www-authenticate'] ?? '';
  return statusCode === 401 || (statusCode === 403 && challenge.includes('insufficient_scope'));
}

function isWrong({ code }: RegistryError | ImageSpecError): boolean {
  return code === 'DIGEST_MISMATCH' || code === 'SIZE_MISMATCH' || code === 'BODY_CUT';
}
