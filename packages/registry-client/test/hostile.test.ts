/** Registries that mean harm: each with the error that it must give. */
import { mediaTypes } from '@estiba/image-spec';
import { type Fault, Registry } from '@estiba/registry';
import { expect, test } from 'vitest';
import { RegistryClient, type RegistryClientOptions } from '../src/client.ts';
import { RegistryError } from '../src/error.ts';
import { makeImage, scratchLayout, writeJson } from './fixture.ts';
import { serve, serveTcp } from './odd-server.ts';

const quick = { retries: 1, retryDelay: 1 } as const;
const ann = { username: 'ann', password: 'open sesame' };

/** What the pull of an image fails with, from a registry that behaves like that. */
async function pullFrom(fault: Fault, options: RegistryClientOptions = {}, size = 100_000): Promise<RegistryError> {
  await using from = await scratchLayout();
  await using into = await scratchLayout();
  await using registry = await Registry.start();
  const name = await registry.add('demo/app:1', from, await makeImage(from, [size]));
  registry.fail({ times: 99, ...fault });
  using client = new RegistryClient({ ...quick, ...options });
  return await client.pull(name, { into }).then(
    () => expect.unreachable('the pull succeeded'),
    (error) => error,
  );
}

test.each<[string, Fault, { code: string; message: RegExp }]>([
  [
    'one long header',
    { headerBytes: 10_000_000 },
    { code: 'UNEXPECTED', message: /the head of its answer is too long/ },
  ],
  ['many headers', { headerCount: 5000 }, { code: 'UNEXPECTED', message: /the head of its answer is too long/ }],
  [
    'headers without end',
    { endlessHeaders: true },
    { code: 'UNEXPECTED', message: /the head of its answer is too long/ },
  ],
  [
    'a manifest without end',
    { path: '/manifests/', endless: true },
    { code: 'UNEXPECTED', message: /longer than 4194304 bytes/ },
  ],
  [
    'a blob without end',
    { path: '/blobs/', endless: true },
    { code: 'SIZE_MISMATCH', message: /longer than the \d+ bytes/ },
  ],
  [
    'a refusal without end',
    { status: 404, body: '<html>', endless: true },
    { code: 'MANIFEST_UNKNOWN', message: /^cannot read manifest .*status 404$/ },
  ],
  [
    'a refusal with escape sequences',
    { status: 400, body: '{"errors":[{"code":"NAME_INVALID","message":"\\u001b]0;title\\u0007 \\u001b[2J"}]}' },
    { code: 'NAME_INVALID', message: /^[ -~]+$/ },
  ],
  ['silence', { hang: true }, { code: 'TIMEOUT', message: /no answer within 300 ms/ }],
  ['a broken connection', { reset: true }, { code: 'UNREACHABLE', message: /ECONNRESET/ }],
  [
    'a wish to wait for years',
    { status: 429, headers: { 'retry-after': '99999999' } },
    { code: 'TOOMANYREQUESTS', message: /status 429/ },
  ],
  [
    'a manifest in drops',
    { path: '/manifests/', bytesPerSecond: 20 },
    { code: 'TIMEOUT', message: /only \d+ bytes came/ },
  ],
  ['a blob in drops', { path: '/blobs/', bytesPerSecond: 20 }, { code: 'TIMEOUT', message: /only \d+ bytes came/ }],
  ['a redirect to itself', { redirect: '' }, { code: 'REDIRECT_REFUSED', message: /more than 20 redirects/ }],
])('%s', async (_, fault, expected) => {
  const error = await pullFrom(fault, { timeouts: { headers: 300, idle: 300 } });
  expect(error.message).toMatch(expected.message);
  expect(error.code).toBe(expected.code);
});

test.each([
  ['http://169.254.169.254/latest/meta-data', 'ADDRESS_REFUSED'],
  ['http://169.254.1.1:5000', 'ADDRESS_REFUSED'],
  ['http://2852039166', 'ADDRESS_REFUSED'],
  ['http://0xa9fea9fe', 'ADDRESS_REFUSED'],
  ['http://[fe80::1]', 'ADDRESS_REFUSED'],
  ['http://[fd00:ec2::254]', 'ADDRESS_REFUSED'],
  ['http://[::ffff:169.254.169.254]', 'ADDRESS_REFUSED'],
  ['https://169.254.169.254', 'ADDRESS_REFUSED'],
  ['http://100.100.100.200', 'ADDRESS_REFUSED'],
  ['ftp://127.0.0.1', 'REDIRECT_REFUSED'],
  ['file://', 'REDIRECT_REFUSED'],
  ['gopher://127.0.0.1', 'REDIRECT_REFUSED'],
  ['data:,x', 'REDIRECT_REFUSED'],
])('a redirect to %s is not followed', async (redirect, code) => {
  expect(await pullFrom({ path: '/blobs/', status: 307, headers: { location: redirect } })).toMatchObject({
    code,
    retryable: false,
  });
});

test.each([
  ['http://169.254.169.254/token', undefined, 'ADDRESS_REFUSED'],
  ['http://169.254.169.254/token', ann, 'TOKEN_REFUSED'],
  ['https://169.254.169.254/token', ann, 'ADDRESS_REFUSED'],
  ['https://[fe80::1]/token', undefined, 'ADDRESS_REFUSED'],
  ['file:///etc/passwd', undefined, 'TOKEN_REFUSED'],
  ['//', undefined, 'TOKEN_REFUSED'],
])('a token service at %s is not asked', async (realm, credentials, code) => {
  const challenge = { 'www-authenticate': `Bearer realm="${realm}",service="s"` };
  expect(await pullFrom({ status: 401, headers: challenge }, { credentials })).toMatchObject({ code });
});

test('a configuration that is said to be larger than any is not fetched', async () => {
  await using layout = await scratchLayout();
  await using registry = await Registry.start();
  const config = { mediaType: mediaTypes.config, digest: `sha256:${'0'.repeat(64)}`, size: 5_000_000 };
  const manifest = await writeJson(
    layout,
    { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [] },
    mediaTypes.manifest,
  );
  const { bytes } = { bytes: await layout.blob(manifest) };
  const body = Buffer.concat(await bytes.toArray());
  const headers = { 'content-type': mediaTypes.manifest };
  registry.fail({ path: '/manifests/', status: 200, headers, body });
  using client = new RegistryClient(quick);
  await expect(client.pull(`${registry.host}/demo/app:1`, { into: layout })).rejects.toMatchObject({
    code: 'DOCUMENT_TOO_LARGE',
  });
  expect(registry.requests.filter(({ path }) => path.includes('/blobs/'))).toEqual([]);
});

test('a token without end is not read to its end', async () => {
  await using registry = await Registry.start({ access: { ...ann, anonymousPull: true } });
  registry.fail({ path: '/token', status: 200, body: '{"token":"', endless: true, times: 9 });
  using client = new RegistryClient(quick);
  await expect(client.manifest(`${registry.host}/x:1`)).rejects.toThrow('longer than 65536 bytes');
});

test('whoever refuses each of the tokens that it gave is asked twice', async () => {
  await using registry = await Registry.start({ access: { ...ann, anonymousPull: true } });
  registry.fail({
    path: '/v2/',
    status: 401,
    headers: { 'www-authenticate': `Bearer realm="${registry.url}/token"` },
    times: 99,
  });
  using client = new RegistryClient(quick);
  await expect(client.manifest(`${registry.host}/x:1`)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  expect(registry.requests.length).toBeLessThanOrEqual(3);
});

test('a registry that names the token service of another gets neither its token nor its credentials', async () => {
  await using layout = await scratchLayout();
  const descriptor = await makeImage(layout, [10]);
  await using good = await Registry.start({ access: ann });
  const name = await good.add('demo/app:1', layout, descriptor);
  const seen: unknown[] = [];
  const challenge = `Bearer realm="${good.url}/token",service="estiba",scope="repository:demo/app:pull"`;
  await using evil = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(401, { 'www-authenticate': challenge }).end();
  });
  using client = new RegistryClient({
    ...quick,
    credentials: async (registry) => (registry === good.host ? ann : undefined),
  });
  await client.resolve(name);
  const tokens = good.requests.map(({ headers }) => headers.authorization).filter((text) => text?.startsWith('Bearer'));
  expect(tokens.length).toBeGreaterThan(0);
  await expect(client.resolve(`${evil.host}/demo/app:1`)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.filter((authorization) => authorization !== undefined)).toEqual([]);
});

test('a token service that redirects elsewhere does not take the password there', async () => {
  const seen: unknown[] = [];
  await using elsewhere = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.end('{"token":"x"}');
  });
  await using service = await serve((_request, response) => {
    response.writeHead(307, { location: `${elsewhere.url}/token` }).end();
  });
  await using registry = await serve((_request, response) => {
    response.writeHead(401, { 'www-authenticate': `Bearer realm="${service.url}/token"` }).end();
  });
  using client = new RegistryClient({ ...quick, credentials: ann });
  await expect(client.resolve(`${registry.host}/demo/app:1`)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.filter((authorization) => authorization !== undefined)).toEqual([]);
});

test('a head in drops is not waited for', async () => {
  await using server = await serveTcp((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nX: ');
    const timer = setInterval(() => socket.write('x'), 20);
    socket.on('close', () => clearInterval(timer));
  });
  using client = new RegistryClient({ ...quick, timeouts: { headers: 200 } });
  const started = performance.now();
  await expect(client.manifest(`${server.host}/x:1`)).rejects.toMatchObject({ code: 'TIMEOUT' });
  expect(performance.now() - started).toBeLessThan(5000);
});

test('a manifest that comes fast enough, but without end in time, is left', async () => {
  await using server = await serve((_request, response) => {
    const timer = setInterval(() => response.write('x'.repeat(1024)), 20);
    response.on('close', () => clearInterval(timer));
  });
  using client = new RegistryClient({ ...quick, timeouts: { document: 200 } });
  await expect(client.manifest(`${server.host}/x:1`)).rejects.toMatchObject({
    code: 'TIMEOUT',
    message: expect.stringContaining('has not ended within 200 ms'),
  });
});

test.each([
  ['what is not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', 'UNEXPECTED'],
  ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx', 'UNEXPECTED'],
  ['a length that is none', 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n', 'UNEXPECTED'],
  ['a body that ends too early', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx', 'BODY_CUT'],
])('%s', async (_, text, code) => {
  await using server = await serveTcp((socket) => socket.end(text));
  using client = new RegistryClient(quick);
  const error = await client.manifest(`${server.host}/x:1`).catch((reason) => reason);
  expect(error).toBeInstanceOf(RegistryError);
  expect(error.code).toBe(code);
});

test.each([
  '<'.repeat(60_000),
  '<>;'.repeat(20_000),
  '<a>; x'.repeat(10_000),
  `<a>${'; rel=x'.repeat(8000)}`,
  ', '.repeat(30_000),
])('a link that is made to be slow to read is read at once: %.8s', async (link) => {
  await using server = await serve((_, response) => response.writeHead(200, { link }).end('{"tags":["a"]}'));
  using client = new RegistryClient(quick);
  const started = performance.now();
  for await (const tag of client.tags(`${server.host}/app`)) expect(tag).toBe('a');
  expect(performance.now() - started).toBeLessThan(1000);
});

test('who answers in another protocol, or not at all, is not waited for', async () => {
  const heads = ['HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nhello', ''];
  for (const head of heads) {
    await using server = await serveTcp((socket) => socket.once('data', () => socket.end(head)));
    using client = new RegistryClient(quick);
    const error = await client.resolve(`${server.host}/app:1`).catch((reason) => reason);
    expect(error).toMatchObject({ code: head === '' ? 'UNREACHABLE' : 'UNEXPECTED' });
  }
}, 5000);
