import { number } from './amounts.ts';
import { Authorizer } from './authorizer.ts';
import { BoundCredentials } from './bound-credentials.ts';
import type { Credentials, CredentialsFor } from './credentials.ts';
import { answerEvents, type RegistryEvents } from './events.ts';
import { Http, type HttpOptions } from './http.ts';
import { Places, type PlacesOptions } from './places.ts';
import { Transport } from './transport.ts';

/** How registries are reached. */
export interface TransportSettings extends Omit<HttpOptions, 'onAnswer'>, PlacesOptions {
  /**
   * None unless told. `dockerCredentials()` finds those of `docker login`. A function is asked with the name of the host, for
   * mirrors, too. A plain value is for the first registry that the client meets, not for its mirrors; where another asks for
   * credentials, or with `copy` between two, that is CREDENTIALS_INVALID.
   */
  readonly credentials?: Credentials | CredentialsFor | undefined;
  /** How often a request, or a download that gets nowhere, is tried again; 4 unless told. */
  readonly retries?: number | undefined;
  /** Milliseconds before the first new try, doubled with each; 500 unless told. A registry's Retry-After comes first. */
  readonly retryDelay?: number | undefined;
  /** How many blobs at once from or to one registry, by all that one client does; 8 unless told. */
  readonly perHost?: number | undefined;
  readonly onEvent?: RegistryEvents | undefined;
}

export function connect(settings: TransportSettings): Transport {
  const { credentials, insecure = [], retries = 4, retryDelay: delay = 500, perHost = 8, onEvent } = settings;
  const http = new Http({ ...settings, ...(onEvent && { onAnswer: answerEvents(onEvent) }) });
  const bound = typeof credentials === 'object' ? new BoundCredentials(credentials) : undefined;
  const credentialsFor: CredentialsFor =
    typeof credentials === 'function' ? credentials : async (registry, request) => bound?.of(registry, request);
  return new Transport(http, new Authorizer(http, credentialsFor, insecure), {
    retries: number('retries', retries),
    delay: number('retryDelay', delay),
    perHost,
    credentials: bound,
    onRetry: onEvent && ((retry) => onEvent({ type: 'retry', ...retry })),
    places: new Places(settings),
  });
}
