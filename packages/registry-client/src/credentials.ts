/** What proves to a registry who one is. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  /** Sent as it is: `Authorization: Bearer …`. */
  | { readonly token: string }
  /** What `docker login` keeps in place of a password: it is exchanged for tokens. */
  | { readonly identityToken: string };

/** What credentials are wanted for. */
export interface CredentialsRequest {
  /** `library/alpine`; none for what belongs to the registry as a whole. */
  readonly repository?: string | undefined;
  /** Whether the host stands in for another registry. */
  readonly mirror?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Credentials for a registry, named as in an image: `docker.io`, `ghcr.io`, `localhost:5000`. */
export type CredentialsFor = (registry: string, request?: CredentialsRequest) => Promise<Credentials | undefined>;

/** The first that any of them has. */
export function anyCredentials(...sources: readonly CredentialsFor[]): CredentialsFor {
  return async (registry, request) => {
    for (const source of sources) {
      const found = await source(registry, request);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

export function basic({ username, password }: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
