import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { anyCredentials } from '../src/credentials.ts';
import { dockerCredentials, podmanCredentials } from '../src/docker-credentials.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), `estiba-${process.pid}-credentials-`));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

async function config(document: unknown): Promise<{ file: string }> {
  const file = join(directory, 'config.json');
  await writeFile(file, typeof document === 'string' ? document : JSON.stringify(document));
  return { file };
}

const auth = Buffer.from('ann:s3:cret').toString('base64');
const ann = { username: 'ann', password: 's3:cret' };

test('a registry gets what was kept for it, and no other', async () => {
  const find = dockerCredentials(await config({ auths: { 'ghcr.io': { auth }, 'https://quay.io': { auth } } }));
  expect(await find('ghcr.io')).toEqual(ann);
  expect(await find('quay.io')).toEqual(ann);
  for (const other of ['evil-ghcr.io', 'ghcr.io.evil', 'ghcr.io:8443', 'docker.io'])
    expect(await find(other)).toBeUndefined();
});

test.each(['https://index.docker.io/v1/', 'docker.io', 'index.docker.io', 'registry-1.docker.io'])(
  'docker.io is also called %s',
  async (key) => {
    expect(await dockerCredentials(await config({ auths: { [key]: { auth } } }))('docker.io')).toEqual(ann);
  },
);

test('identity tokens and registry tokens are told apart from passwords', async () => {
  const find = dockerCredentials(
    await config({ auths: { a: { identitytoken: 'i', auth }, b: { registrytoken: 'r' }, c: {} } }),
  );
  expect(await find('a')).toEqual({ identityToken: 'i' });
  expect(await find('b')).toEqual({ token: 'r' });
  expect(await find('c')).toBeUndefined();
});

test('no file means no credentials', async () => {
  vi.stubEnv('DOCKER_CONFIG', join(directory, 'nowhere'));
  expect(await dockerCredentials()('ghcr.io')).toBeUndefined();
});

test('a file that cannot be read is an error that does not show it', async () => {
  const broken = dockerCredentials(await config(`{"auths": ${auth}`));
  const error = await broken('ghcr.io').catch((reason) => reason);
  expect(error).toMatchObject({ code: 'CREDENTIALS_INVALID' });
  expect(error.message).not.toContain(auth);
  const odd = dockerCredentials(await config({ auths: { x: { auth: Buffer.from('no colon').toString('base64') } } }));
  await expect(odd('x')).rejects.toMatchObject({ code: 'CREDENTIALS_INVALID' });
});

async function helper(name: string, script: string): Promise<void> {
  const path = join(directory, `docker-credential-${name}`);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  vi.stubEnv('PATH', `${directory}${delimiter}${process.env.PATH}`);
}

test.skipIf(process.platform === 'win32')('a credential helper is asked with the name of the registry', async () => {
  await helper('echo', 'read -r name; printf \'{"ServerURL":"x","Username":"%s","Secret":"s"}\' "$name"');
  const find = dockerCredentials(await config({ credHelpers: { 'ghcr.io': 'echo' } }));
  expect(await find('ghcr.io')).toEqual({ username: 'ghcr.io', password: 's' });
  expect(await find('quay.io')).toBeUndefined();
});

test.skipIf(process.platform === 'win32')(
  'the helper of all registries gives identity tokens, or nothing',
  async () => {
    await helper(
      'store',
      'read -r name; [ "$name" = a ] || { echo credentials not found in native keychain; exit 1; }; echo \'{"Username":"<token>","Secret":"i"}\'',
    );
    const find = dockerCredentials(await config({ credsStore: 'store' }));
    expect(await find('a')).toEqual({ identityToken: 'i' });
    expect(await find('b')).toBeUndefined();
  },
);

test.skipIf(process.platform === 'win32')('a helper that fails, or is not there, is an error', async () => {
  await helper('broken', 'echo locked; exit 1');
  await expect(dockerCredentials(await config({ credsStore: 'broken' }))('a')).rejects.toThrow('locked');
  await expect(dockerCredentials(await config({ credsStore: 'absent' }))('a')).rejects.toThrow('is it in PATH');
  await expect(dockerCredentials(await config({ credsStore: '../x' }))('a')).rejects.toThrow('not the name');
});

test('the most specific name counts', async () => {
  const of = (user: string) => ({ auth: Buffer.from(`${user}:x`).toString('base64') });
  const auths = { 'quay.io': of('all'), 'quay.io/acme': of('acme'), 'quay.io/acme/app': of('app') };
  const find = podmanCredentials(await config({ auths }));
  const user = async (repository?: string) => {
    const found = await find('quay.io', { repository });
    return found !== undefined && 'username' in found ? found.username : undefined;
  };
  expect(await user('acme/app')).toBe('app');
  expect(await user('acme/app/more')).toBe('app');
  expect(await user('acme/application')).toBe('acme');
  expect(await user('acm')).toBe('all');
  expect(await user()).toBe('all');
  expect(await find('quay.io.evil', { repository: 'acme/app' })).toBeUndefined();
});

test('names that every object has are no registries', async () => {
  const find = dockerCredentials(await config({ auths: {}, credHelpers: {} }));
  for (const name of ['constructor', '__proto__', 'toString']) expect(await find(name)).toBeUndefined();
});

test.each([
  [{ auths: null }],
  [{ auths: [] }],
  [{ auths: { a: null } }],
  [{ auths: { a: { auth: 7 } } }],
  [[]],
  [null],
])('%j holds nothing', async (document) => {
  expect(await dockerCredentials(await config(document))('a')).toBeUndefined();
});

test('podman looks in its own files first, and in that of Docker last', async () => {
  const of = (user: string) => ({ auths: { [`${user}.io`]: { auth }, 'all.io': { username: user, password: 'x' } } });
  const places = { XDG_RUNTIME_DIR: 'run/containers', XDG_CONFIG_HOME: 'config/containers', DOCKER_CONFIG: 'docker' };
  for (const [variable, folder] of Object.entries(places)) {
    await mkdir(join(directory, folder), { recursive: true });
    const name = variable === 'DOCKER_CONFIG' ? 'config.json' : 'auth.json';
    await writeFile(join(directory, folder, name), JSON.stringify(of(variable.toLowerCase())));
    vi.stubEnv(variable, join(directory, folder.replace('/containers', '')));
  }
  const find = podmanCredentials();
  for (const name of ['xdg_runtime_dir.io', 'xdg_config_home.io', 'docker_config.io'])
    expect(await find(name)).toEqual(ann);
  expect(await find('all.io')).toEqual({ username: 'xdg_runtime_dir', password: 'x' });
  // A file that is named is the only one.
  const { file } = await config({ auths: { 'named.io': { auth } } });
  vi.stubEnv('REGISTRY_AUTH_FILE', file);
  expect(await find('named.io')).toEqual(ann);
  expect(await find('docker_config.io')).toBeUndefined();
});

test('of several sources the first that knows something counts', async () => {
  const find = anyCredentials(
    async () => undefined,
    async (registry) => ({ username: registry, password: 'x' }),
    async () => expect.unreachable('it is known already'),
  );
  expect(await find('a')).toEqual({ username: 'a', password: 'x' });
});

test.skipIf(process.platform === 'win32')(
  'one helper is asked once for a registry, with the name that it knows',
  async () => {
    const log = join(directory, 'log');
    await helper('log', `cat >> ${log}; echo >> ${log}; echo credentials not found in native keychain; exit 1`);
    const find = dockerCredentials(await config({ credsStore: 'log', auths: { 'ghcr.io': { auth } } }));
    expect(await find('ghcr.io', { repository: 'acme/app' })).toEqual(ann);
    expect(await find('docker.io')).toBeUndefined();
    expect((await readFile(log, 'utf8')).trim().split('\n')).toEqual([
      'ghcr.io',
      'https://index.docker.io/v1/',
      'docker.io',
    ]);
  },
);

test.skipIf(process.platform === 'win32')('a helper without end is left', async () => {
  await helper('endless', 'cat /dev/zero | tr "\\0" x');
  await expect(dockerCredentials(await config({ credsStore: 'endless' }))('a')).rejects.toThrow('more than 1048576');
});

test('lists that are null are empty', async () => {
  const document = { auths: { 'ghcr.io': { auth } }, credHelpers: null, credsStore: null };
  expect(await dockerCredentials(await config(document))('ghcr.io')).toEqual(ann);
  expect(await dockerCredentials(await config({ ...document, auths: null }))('ghcr.io')).toBeUndefined();
});
