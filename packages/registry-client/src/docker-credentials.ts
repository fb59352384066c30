import { homedir } from 'node:os';
import { join } from 'node:path';
import { type AuthFile, credentialsIn, isRecord, keysOf, readAuthFile } from './auth-file.ts';
import { askHelper } from './credential-helper.ts';
import { anyCredentials, type Credentials, type CredentialsFor, type CredentialsRequest } from './credentials.ts';

export interface StoredCredentialsOptions {
  /** In place of the usual ones. */
  readonly file?: string | undefined;
  /** For each credential helper, in milliseconds; 30 s unless told. */
  readonly helperTimeout?: number | undefined;
}

/**
 * Credentials as `docker login` left them: `config.json` in $DOCKER_CONFIG or ~/.docker, and the credential helpers it
 * names (`docker-credential-…` in PATH). No file means no credentials. Rejects with CREDENTIALS_INVALID.
 * https://docs.docker.com/reference/cli/docker/login/
 */
export function dockerCredentials(options: StoredCredentialsOptions = {}): CredentialsFor {
  return storedIn(() => [options.file ?? dockerFile()], options);
}

/**
 * Credentials as podman, skopeo and buildah look for them: in $REGISTRY_AUTH_FILE alone, if there is such a variable;
 * otherwise in `containers/auth.json` of $XDG_RUNTIME_DIR and of $XDG_CONFIG_HOME, and last in Docker's file. Rejects with
 * CREDENTIALS_INVALID. https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md
 */
export function podmanCredentials(options: StoredCredentialsOptions = {}): CredentialsFor {
  return storedIn(() => (options.file === undefined ? podmanFiles() : [options.file]), options);
}

// Read anew each time: somebody may log in meanwhile.
function storedIn(files: () => string[], options: StoredCredentialsOptions): CredentialsFor {
  return (registry, request) => {
    const sources = files().map(
      (path) => async (name: string, asked?: CredentialsRequest) =>
        find(await readAuthFile(path), name, asked ?? {}, options),
    );
    return anyCredentials(...sources)(registry, request);
  };
}

function dockerFile(): string {
  return join(process.env.DOCKER_CONFIG || join(homedir(), '.docker'), 'config.json');
}

function podmanFiles(): string[] {
  const { REGISTRY_AUTH_FILE: only, XDG_RUNTIME_DIR, XDG_CONFIG_HOME } = process.env;
  if (only) return [only];
  const runtime = XDG_RUNTIME_DIR ? join(XDG_RUNTIME_DIR, 'containers') : `/run/containers/${process.getuid?.() ?? 0}`;
  const config = join(XDG_CONFIG_HOME || join(homedir(), '.config'), 'containers');
  return [join(runtime, 'auth.json'), join(config, 'auth.json'), dockerFile()];
}

async function find(
  file: AuthFile,
  registry: string,
  { repository, signal }: CredentialsRequest,
  { helperTimeout: timeout = 30_000 }: StoredCredentialsOptions,
): Promise<Credentials | undefined> {
  const keys = keysOf(registry, repository);
  const helpers = isRecord(file.credHelpers) ? file.credHelpers : {};
  const named = keys.find((key) => Object.hasOwn(helpers, key));
  const helper = (named && helpers[named]) || file.credsStore;
  for (const name of helper ? namesOf(registry, named) : []) {
    const found = await askHelper({ helper: String(helper), name, file: file.path, timeout, signal });
    if (found !== undefined) return found;
  }
  return credentialsIn(file, keys);
}

/** As whom helpers know a registry: each is a program to start. */
function namesOf(registry: string, named: string | undefined): string[] {
  if (named !== undefined) return [named];
  return registry === 'docker.io' ? ['https://index.docker.io/v1/', 'docker.io'] : [registry];
}
