import { Authorizer } from './authorizer.ts';
import type { Credentials, CredentialsFor, CredentialsRequest } from './credentials.ts';
import { answerEvents, type RegistryEvents } from './events.ts';
import { Http, type HttpOptions } from './http.ts';
import { Places, type PlacesOptions } from './places.ts';
import { Transport } from './transport.ts';

/** How registries are reached. */
export interface TransportSettings extends Omit<HttpOptions, 'onAnswer'>, PlacesOptions {
  /**
   * None unless told. `dockerCredentials()` finds those of `docker login`. A function is asked with the name of the host, for
   * mirrors, too; a plain value is for registries alone, not for their mirrors.
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
  const credentialsFor =
    typeof credentials === 'function'
      ? credentials
      : async (_registry: string, { mirror }: CredentialsRequest = {}) => (mirror ? undefined : credentials);
  return new Transport(http, new Authorizer(http, credentialsFor, insecure), {
    retries,
    delay,
    perHost,
    onRetry: onEvent && ((retry) => onEvent({ type: 'retry', ...retry })),
    places: new Places(settings),
  });
}
