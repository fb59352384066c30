import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Credentials, CredentialsFor } from './credentials.ts';
import { RegistryError } from './error.ts';

/**
 * Credentials as `docker login` left them: `config.json` in $DOCKER_CONFIG or ~/.docker, and the credential helpers it
 * names (`docker-credential-…` in PATH). No file means no credentials. Rejects with CREDENTIALS_INVALID.
 * https://docs.docker.com/reference/cli/docker/login/
 */
export function dockerCredentials(options: { file?: string } = {}): CredentialsFor {
  return async (registry) => {
    const file = options.file ?? join(process.env.DOCKER_CONFIG ?? join(homedir(), '.docker'), 'config.json');
    const config = await readConfig(file);
    const keys = keysOf(registry);
    for (const key of keys) {
      const helper = config.credHelpers?.[key] ?? config.credsStore;
      const found = helper === undefined ? undefined : await askHelper(helper, key, file);
      if (found !== undefined) return found;
    }
    const key = keys.find((name) => config.auths?.[name] !== undefined);
    return key === undefined ? undefined : credentialsOf(config.auths?.[key] ?? {}, file);
  };
}

interface Auth {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

interface DockerConfig {
  readonly auths?: Readonly<Record<string, Auth>>;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
}

async function readConfig(file: string): Promise<DockerConfig> {
  try {
    const config: unknown = JSON.parse(await readFile(file, 'utf8'));
    return typeof config === 'object' && config !== null ? config : {};
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw invalid(file, 'it is not a readable JSON file', cause);
  }
}

// Whole names only: looking for a part of the name would hand credentials to look-alikes.
function keysOf(registry: string): string[] {
  if (registry === 'docker.io')
    return ['https://index.docker.io/v1/', 'docker.io', 'index.docker.io', 'registry-1.docker.io'];
  return [
    registry,
    `https://${registry}`,
    `https://${registry}/`,
    `https://${registry}/v1/`,
    `https://${registry}/v2/`,
    `http://${registry}`,
  ];
}

function credentialsOf(auth: Auth, file: string): Credentials | undefined {
  if (auth.registrytoken) return { token: auth.registrytoken };
  if (auth.identitytoken) return { identityToken: auth.identitytoken };
  if (auth.username && auth.password) return { username: auth.username, password: auth.password };
  if (!auth.auth) return undefined;
  const text = Buffer.from(auth.auth, 'base64').toString();
  const colon = text.indexOf(':');
  if (colon < 1) throw invalid(file, 'an entry of auths is not base64 of user:password');
  return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') };
}

// The protocol of https://github.com/docker/docker-credential-helpers: the name goes in, JSON comes out.
async function askHelper(helper: string, key: string, file: string): Promise<Credentials | undefined> {
  if (!/^[\w.-]+$/.test(helper))
    throw invalid(file, `${JSON.stringify(helper)} is not the name of a credential helper`);
  const { code, output } = await runHelper(`docker-credential-${helper}`, key, file);
  if (code !== 0) {
    if (/not found/i.test(output)) return undefined;
    throw invalid(file, `docker-credential-${helper} failed: ${output.trim().slice(0, 200)}`);
  }
  const { Username, Secret } = parseAnswer(output, helper, file);
  return Username === '<token>' ? { identityToken: Secret } : { username: Username, password: Secret };
}

function runHelper(command: string, key: string, file: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, ['get'], { stdio: ['pipe', 'pipe', 'ignore'], timeout: 30_000 });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    // A helper may end without having read the name.
    child.stdin.on('error', () => {});
    child.stdin.end(key);
    child.once('error', (cause) => reject(invalid(file, `${command} cannot be run; is it in PATH?`, cause)));
    child.once('close', (code) => resolve({ code, output }));
  });
}

function parseAnswer(output: string, helper: string, file: string): { Username: string; Secret: string } {
  try {
    const { Username, Secret } = JSON.parse(output);
    if (typeof Username === 'string' && typeof Secret === 'string') return { Username, Secret };
  } catch {
    // The same as an answer without the two fields. Its text may hold the secret and stays out of the error.
  }
  throw invalid(file, `docker-credential-${helper} did not answer with Username and Secret`);
}

function invalid(file: string, why: string, cause?: unknown): RegistryError {
  return new RegistryError('CREDENTIALS_INVALID', `cannot read credentials from ${file}: ${why}`, {
    url: pathToFileURL(file),
    cause,
  });
}
