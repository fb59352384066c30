import type { Credentials, CredentialsRequest } from './credentials.ts';
import { RegistryError } from './error.ts';

/** Credentials that do not say for which registry they are: they are for the first that is met, and no other gets them. */
export class BoundCredentials {
  readonly #credentials: Credentials;
  #registry: string | undefined;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /** Before anything is sent to a registry, whether it will ask for them or not. */
  meet(registry: string): void {
    this.#registry ??= registry;
  }

  /** None for mirrors. Throws CREDENTIALS_INVALID where another registry asks. */
  of(registry: string, { mirror = false }: CredentialsRequest = {}): Credentials | undefined {
    if (mirror) return undefined;
    this.meet(registry);
    if (registry === this.#registry) return this.#credentials;
    const why = `the credentials of this client are for ${this.#registry}, the first registry it met`;
    throw refuse(registry, `log in to ${registry}: ${why}`);
  }

  /** Throws CREDENTIALS_INVALID where more than one registry has part in something. */
  checkOne(registries: readonly string[]): void {
    const [one = '', other] = new Set(registries);
    if (other === undefined) return;
    throw refuse(
      one,
      `copy from ${one} to ${other}: the credentials of this client do not say for which of them they are`,
    );
  }
}

function refuse(registry: string, what: string): RegistryError {
  const advice = 'give a function as `credentials`, such as dockerCredentials()';
  return new RegistryError('CREDENTIALS_INVALID', `cannot ${what}; ${advice}`, { url: `https://${registry}/` });
}
