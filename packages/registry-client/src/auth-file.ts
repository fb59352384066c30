import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import type { Credentials } from './credentials.ts';
import { RegistryError } from './error.ts';

/**
 * What `docker login` and `podman login` write:
 *
 *     { "auths":       { "ghcr.io": { "auth": base64 of user:password }, "quay.io/acme": { … } },
 *       "credHelpers": { "gcr.io": "gcloud" },       docker-credential-gcloud is asked
 *       "credsStore":  "secretservice" }             for all others
 *
 * https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md
 */
export interface AuthFile {
  readonly path: string;
  readonly auths?: Readonly<Record<string, Auth>>;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
}

interface Auth {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/** No file is an empty one. Rejects with CREDENTIALS_INVALID. */
export async function readAuthFile(path: string): Promise<AuthFile> {
  try {
    const content: unknown = JSON.parse(await readFile(path, 'utf8'));
    return { ...(isRecord(content) ? content : {}), path };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { path };
    // The message of JSON.parse shows the text around the mistake, so it is not even the cause.
    throw invalid(path, `it is not a readable JSON file${code === undefined ? '' : `: ${code}`}`);
  }
}

/**
 * Under which names credentials may be kept, the most specific first: `quay.io/acme/app`, `quay.io/acme`, `quay.io`. Whole
 * names only: looking for a part of one would hand credentials to look-alikes.
 */
export function keysOf(registry: string, repository: string | undefined): string[] {
  const parts = repository?.split('/') ?? [];
  const spaces = parts.map((_, index) => `${registry}/${parts.slice(0, parts.length - index).join('/')}`);
  if (registry === 'docker.io')
    return [...spaces, 'https://index.docker.io/v1/', 'docker.io', 'index.docker.io', 'registry-1.docker.io'];
  const addresses = [
    `https://${registry}`,
    `https://${registry}/`,
    `https://${registry}/v1/`,
    `https://${registry}/v2/`,
  ];
  return [...spaces, registry, ...addresses, `http://${registry}`];
}

export function credentialsIn({ auths, path }: AuthFile, keys: readonly string[]): Credentials | undefined {
  const found = keys.flatMap((key) => (isRecord(auths) && Object.hasOwn(auths, key) ? [auths[key]] : []));
  for (const auth of found) {
    // An entry without content is the trace of a login whose secret a helper keeps.
    const credentials = isRecord(auth) ? credentialsOf(auth, path) : undefined;
    if (credentials !== undefined) return credentials;
  }
  return undefined;
}

export function invalid(path: string, why: string, cause?: unknown): RegistryError {
  return new RegistryError('CREDENTIALS_INVALID', `cannot read credentials from ${path}: ${why}`, {
    url: pathToFileURL(path),
    cause,
  });
}

function credentialsOf(auth: Auth, path: string): Credentials | undefined {
  if (isText(auth.registrytoken)) return { token: auth.registrytoken };
  if (isText(auth.identitytoken)) return { identityToken: auth.identitytoken };
  if (isText(auth.username) && isText(auth.password)) return { username: auth.username, password: auth.password };
  if (!isText(auth.auth)) return undefined;
  const text = Buffer.from(auth.auth, 'base64').toString();
  const colon = text.indexOf(':');
  if (colon < 1) throw invalid(path, 'an entry of auths is not base64 of user:password');
  return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

export function isRecord(value: unknown): value is Record<string, never> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
