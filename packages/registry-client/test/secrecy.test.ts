/** What proves who we are is in no error, whatever goes wrong, and in no event. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RegistryClient, type RegistryClientOptions } from '../src/client.ts';
import type { Credentials } from '../src/credentials.ts';
import { dockerCredentials } from '../src/docker-credentials.ts';
import { environmentProxy } from '../src/proxy.ts';
import { listOf } from './made.ts';
import { type OddServer, serve } from './odd-server.ts';

const secret = 'open-sesame-4711';
const encoded = Buffer.from(`ann:${secret}`).toString('base64');
const token = 'token-0815-of-the-service';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), `estiba-${process.pid}-secrecy-`));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

/** Everything that the attempt says: errors with their causes and stacks, and events. */
async function saidBy(server: OddServer, options: RegistryClientOptions): Promise<string> {
  const events: unknown[] = [];
  using client = new RegistryClient({ retries: 1, retryDelay: 1, onEvent: (event) => events.push(event), ...options });
  const error = await client.manifest(`${server.host}/demo/app:1`).catch((reason) => reason);
  expect(error).toBeInstanceOf(Error);
  return inspect([error, String(error), JSON.stringify(error), events], { depth: 20, showHidden: true });
}

function expectNothing(said: string): void {
  for (const text of [secret, encoded, token, Buffer.from(secret).toString('base64').slice(0, 16)])
    expect(said).not.toContain(text);
}

const kinds: [string, Credentials][] = [
  ['a password', { username: 'ann', password: secret }],
  ['a token', { token: secret }],
  ['an identity token', { identityToken: secret }],
];

/** What a registry that is asked for `/v2/…`, and its token service, may answer. */
const answers: [string, { registry?: number; service?: number; challenge?: string }][] = [
  ['refuses', { registry: 401 }],
  ['forbids', { registry: 403 }],
  ['is broken', { registry: 500 }],
  ['has a token service that refuses', { service: 401 }],
  ['has a token service that is broken', { service: 500 }],
  ['has a token service that redirects to plain files', { service: 307 }],
  ['has a token service without TLS elsewhere', { challenge: 'Bearer realm="http://203.0.113.1/token"' }],
  ['wants a password', { challenge: 'Basic realm="x"' }],
];

test.each(kinds.flatMap((kind) => answers.map((answer) => [...kind, ...answer] as const)))(
  '%s, where the registry %4$s',
  async (_, credentials, __, { registry = 403, service = 200, challenge }) => {
    await using server = await serve(async (request, response) => {
      const { authorization = '' } = request.headers;
      const asked: Buffer[] = [];
      for await (const chunk of request) asked.push(chunk);
      // It says what it was told, as some do.
      const said = `${authorization} ${Buffer.concat(asked)} ${Buffer.from(authorization.split(' ')[1] ?? '', 'base64')}`;
      const body = JSON.stringify({ errors: [{ code: 'DENIED', message: `not you: ${said}` }] });
      const asks = request.url?.startsWith('/token');
      const status = asks ? service : authorization === '' ? 401 : registry;
      const realm = challenge ?? `Bearer realm="http://${request.headers.host}/token",service="${'s'.repeat(9)}"`;
      response.writeHead(status, { 'www-authenticate': realm, location: `file:///${secret}`, 'retry-after': '0' });
      response.end(asks && status === 200 ? JSON.stringify({ token }) : body);
    });
    expectNothing(await saidBy(server, { credentials }));
  },
);

test('a signature in the address of a redirect', async () => {
  await using server = await serve((_request, response) => {
    response.writeHead(307, { location: `http://127.0.0.1:1/x?signature=${secret}` }).end();
  });
  expectNothing(await saidBy(server, {}));
});

test('a password in the address of a redirect that is refused', async () => {
  await using server = await serve((_request, response) => {
    response.writeHead(307, { location: `ftp://ann:${secret}@127.0.0.1/x?signature=${secret}` }).end();
  });
  expectNothing(await saidBy(server, {}));
});

test('a password in the address of a token service', async () => {
  await using server = await serve((_request, response) => {
    response.writeHead(401, { 'www-authenticate': `Bearer realm="ftp://ann:${secret}@x/?key=${secret}"` }).end();
  });
  expectNothing(await saidBy(server, {}));
});

test('a password of a proxy', async () => {
  await using server = await serve((_request, response) => void response.writeHead(407).end());
  const proxy = () => new URL(`http://ann:${secret}@${server.host}`);
  expectNothing(await saidBy(server, { proxy }));
  expectNothing(await saidBy(server, { proxy, secure: [server.host] }));
  expectNothing(await saidBy(server, { proxy: () => new URL(`http://ann:${secret}@127.0.0.1:1`) }));
  const environment = { HTTP_PROXY: `socks5://ann:${secret}@127.0.0.1:1`, HTTPS_PROXY: `http://ann:${secret}@` };
  for (const address of ['http://x', 'https://x'])
    expectNothing(await saidBy(server, { proxy: () => environmentProxy(environment)(new URL(address)) }));
});

test.each([
  ['no JSON', `{"auths": {"x": {"auth": "${encoded}"`],
  ['a text', `"${secret}"`],
  ['an entry without a colon', JSON.stringify({ auths: { HOST: { auth: Buffer.from(secret).toString('base64') } } })],
])('a file of credentials that is %s', async (_, content) => {
  await using server = await serve((_request, response) => {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
  });
  const file = join(directory, 'config.json');
  await writeFile(file, content.replace('HOST', server.host));
  expectNothing(await saidBy(server, { credentials: dockerCredentials({ file }) }));
});

test.skipIf(process.platform === 'win32').each([
  ['fails and shows it', `echo '{"Username":"ann","Secret":"${secret}"}'; exit 1`],
  ['answers with something else', `echo '{"Secret":"${secret}"}'`],
  ['complains', `echo ${secret} >&2; exit 1`],
])('a credential helper that %s', async (_, script) => {
  await using server = await serve((_request, response) => {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
  });
  const program = join(directory, 'docker-credential-odd');
  await writeFile(program, `#!/bin/sh\n${script}\n`);
  await chmod(program, 0o755);
  vi.stubEnv('PATH', `${directory}${delimiter}${process.env.PATH}`);
  const file = join(directory, 'config.json');
  await writeFile(file, '{"credsStore":"odd"}');
  expectNothing(await saidBy(server, { credentials: dockerCredentials({ file }) }));
});

test.each(['basic', 'bearer'])('what was accepted before and no longer is, by %s', async (scheme) => {
  let accepting = true;
  await using server = await serve((request, response) => {
    const { host, authorization } = request.headers;
    if (request.url?.startsWith('/token')) {
      if (accepting) response.end(JSON.stringify({ token }));
      else response.writeHead(401).end();
      return;
    }
    if (authorization !== undefined && accepting) {
      response.end(JSON.stringify({ tags: [] }));
      return;
    }
    const challenge = scheme === 'basic' ? 'Basic realm="x"' : `Bearer realm="http://${host}/token"`;
    const typed = Buffer.from(authorization?.split(' ')[1] ?? '', 'base64');
    const message = `not you: ${authorization} ${typed}`;
    response.writeHead(401, { 'www-authenticate': challenge });
    response.end(JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message }] }));
  });
  let asked = 0;
  // Whoever was logged out meanwhile has nothing to answer with.
  for (const credentials of [
    { username: 'ann', password: secret },
    async () => (asked++ === 0 ? { username: 'ann', password: secret } : undefined),
  ]) {
    accepting = true;
    using client = new RegistryClient({ retries: 0, credentials });
    const list = () => listOf(client.tags(`${server.host}/demo/app`));
    await list();
    accepting = false;
    const error = await list().catch((reason) => reason);
    expect(error).toMatchObject({ name: 'RegistryError' });
    expectNothing(inspect([error, String(error)], { depth: 20, showHidden: true }));
  }
});

test.each<[string, (text: string) => string]>([
  ['as Go escapes it', (text) => text.replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`)],
  ['as PHP escapes it', (text) => text.replaceAll('/', '\\/')],
  ['all of it escaped', (text) => text.replace(/./g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`)],
])('a secret that a registry sends back is not shown: %s', async (_, escaped) => {
  const password = 'p<a&s>s/w?rd';
  await using server = await serve(({ headers: { authorization } }, response) => {
    if (authorization === undefined) return response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    const typed = Buffer.from(authorization.slice('Basic '.length), 'base64').toString();
    const message = `${escaped(typed)} and ${escaped(authorization)} are refused`;
    return response.writeHead(403).end(`{"errors":[{"code":"DENIED","message":"${message}"}]}`);
  });
  const said = await saidBy(server, { credentials: { username: 'ann', password } });
  expect(said).toContain('are refused');
  expect(said).not.toContain(password);
  expect(said).not.toContain(Buffer.from(`ann:${password}`).toString('base64'));
});
