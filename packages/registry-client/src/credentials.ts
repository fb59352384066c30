/** What proves to a registry who one is. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  /** Sent as it is: `Authorization: Bearer …`. */
  | { readonly token: string }
  /** What `docker login` keeps in place of a password: it is exchanged for tokens. */
  | { readonly identityToken: string };

/** Credentials for a registry, named as in an image: `docker.io`, `ghcr.io`, `localhost:5000`. */
export type CredentialsFor = (registry: string) => Promise<Credentials | undefined>;

export function basic({ username, password }: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
