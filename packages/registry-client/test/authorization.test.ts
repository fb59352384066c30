import { parseReference } from '@estiba/image-spec';
import { Registry } from '@estiba/registry';
import { expect, test } from 'vitest';
import { RegistryClient } from '../src/client.ts';
import { connect } from '../src/connect.ts';
import { whereTo } from '../src/redirect.ts';
import { makeImage, scratchLayout } from './fixture.ts';
import { serve } from './odd-server.ts';

const ann = { username: 'ann', password: 'secret' };

async function served(
  access: Parameters<typeof Registry.start>[0],
): Promise<AsyncDisposable & { registry: Registry; name: string }> {
  const layout = await scratchLayout();
  const registry = await Registry.start(access);
  const name = await registry.add('demo/app:1', layout, await makeImage(layout, [1000, 2000, 3000]));
  return {
    registry,
    name,
    async [Symbol.asyncDispose]() {
      await registry.close();
      await layout[Symbol.asyncDispose]();
    },
  };
}

function tokensAsked({ requests }: Registry): number {
  return requests.filter(({ path }) => path.startsWith('/token')).length;
}

test('an anonymous token is fetched once and used for everything', async () => {
  await using into = await scratchLayout();
  await using setting = await served({ access: { ...ann, anonymousPull: true } });
  using client = new RegistryClient();
  await client.pull(setting.name, { into });
  await client.resolve(setting.name);
  expect(tokensAsked(setting.registry)).toBe(1);
  const asked = setting.registry.requests.find(({ path }) => path.startsWith('/token'));
  expect(asked?.headers.authorization).toBeUndefined();
  expect(new URL(`http://x${asked?.path}`).searchParams.get('scope')).toBe('repository:demo/app:pull');
});

test('requests that are refused together fetch one token between them', async () => {
  await using setting = await served({ access: ann });
  using client = new RegistryClient({ credentials: ann });
  await Promise.all(Array.from({ length: 8 }, () => client.resolve(setting.name)));
  expect(tokensAsked(setting.registry)).toBe(1);
});

test('a token that has run out is replaced', async () => {
  await using setting = await served({ access: { ...ann, tokenSeconds: 0.05 } });
  using client = new RegistryClient({
    credentials: async (registry) => (registry === setting.registry.host ? ann : undefined),
  });
  await client.resolve(setting.name);
  await new Promise((resolve) => setTimeout(resolve, 60));
  await client.resolve(setting.name);
  expect(tokensAsked(setting.registry)).toBe(2);
});

test('user name and password are sent where basic authentication is wanted', async () => {
  await using setting = await served({ access: { ...ann, scheme: 'basic' } });
  using client = new RegistryClient({ credentials: ann });
  expect(await client.resolve(setting.name)).toMatchObject({ size: expect.any(Number) });
});

test.each(['basic', 'bearer'] as const)(
  'wrong credentials are refused once, not again and again (%s)',
  async (scheme) => {
    await using setting = await served({ access: { ...ann, scheme } });
    using client = new RegistryClient({ credentials: { ...ann, password: 'wrong' } });
    await expect(client.manifest(setting.name)).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      status: 401,
      retryable: false,
    });
    expect(setting.registry.requests.length).toBeLessThanOrEqual(2);
  },
);

test('no credentials are an error that says what to do', async () => {
  await using setting = await served({ access: { ...ann, scheme: 'basic' } });
  using client = new RegistryClient();
  await expect(client.manifest(setting.name)).rejects.toThrow('dockerCredentials()');
});

test('a finished token is sent as it is', async () => {
  await using setting = await served({});
  setting.registry.fail({
    status: 401,
    headers: { 'www-authenticate': 'Bearer realm="https://nowhere.invalid/token"' },
  });
  using client = new RegistryClient({ credentials: { token: 'ready' } });
  await client.resolve(setting.name);
  expect(setting.registry.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, 'Bearer ready']);
});

test('an identity token is exchanged for a token', async () => {
  await using setting = await served({});
  const realm = `${setting.registry.url}/oauth`;
  setting.registry.fail({
    path: '/v2/',
    status: 401,
    headers: { 'www-authenticate': `Bearer realm="${realm}",service="s"` },
  });
  setting.registry.fail({
    path: '/oauth',
    method: 'POST',
    status: 200,
    body: '{"access_token":"exchanged","expires_in":60}',
  });
  using client = new RegistryClient({ credentials: { identityToken: 'kept' } });
  await client.resolve(setting.name);
  expect(setting.registry.requests.at(-1)?.headers.authorization).toBe('Bearer exchanged');
});

test('credentials are not sent to a token service without TLS on another machine', async () => {
  await using setting = await served({});
  const challenge = { 'www-authenticate': 'Bearer realm="http://203.0.113.1/token",service="s"' };
  setting.registry.fail({ status: 401, headers: challenge, times: 9 });
  using client = new RegistryClient({ credentials: ann });
  await expect(client.manifest(setting.name)).rejects.toThrow('credentials would be sent without TLS');
});

test.each(['ftp://x/token', '', 'token', 'javascript:x'])('a token service at %j is refused', async (realm) => {
  await using setting = await served({});
  setting.registry.fail({ status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}"` }, times: 9 });
  using client = new RegistryClient();
  await expect(client.manifest(setting.name)).rejects.toMatchObject({ code: 'TOKEN_REFUSED' });
});

test.each(['{}', 'nonsense', '{"token":"a\\r\\nX-Evil: 1"}', '{"token":7}'])(
  'a token answer %j is refused',
  async (body) => {
    await using setting = await served({ access: { ...ann, anonymousPull: true } });
    setting.registry.fail({ path: '/token', status: 200, body });
    using client = new RegistryClient();
    await expect(client.manifest(setting.name)).rejects.toMatchObject({ code: 'TOKEN_REFUSED' });
  },
);

test('a token is left behind where a registry redirects to storage', async () => {
  await using layout = await scratchLayout();
  await using into = await scratchLayout();
  await using storage = await Registry.start();
  await using registry = await Registry.start({ access: { ...ann, anonymousPull: true } });
  const descriptor = await makeImage(layout, [1000]);
  await storage.add('demo/app:1', layout, descriptor);
  const name = await registry.add('demo/app:1', layout, descriptor);
  registry.fail({ path: '/blobs/', redirect: storage.url, times: 9 });
  using client = new RegistryClient();
  await client.pull(name, { into });
  expect(storage.requests.length).toBe(2);
  expect(storage.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  expect(registry.requests.at(-1)?.headers.authorization).toMatch(/^Bearer /);
});

test('a token service without the newer way is asked in the older one', async () => {
  const check = (username: string, password: string) => username === '<token>' && password === 'kept';
  await using setting = await served({ access: { check }, lacks: ['oauth'] });
  using client = new RegistryClient({ credentials: { identityToken: 'kept' } });
  await client.resolve(setting.name);
  const asked = setting.registry.requests.filter(({ path }) => path.startsWith('/token'));
  expect(asked.map(({ method }) => method)).toEqual(['POST', 'GET']);
});

test('a token that allows too little is replaced, once', async () => {
  await using setting = await served({ access: { ...ann, anonymousPull: true } });
  using client = new RegistryClient({ retries: 0 });
  await client.resolve(setting.name);
  const scope = 'repository:demo/app:pull,special';
  const challenge = `Bearer realm="${setting.registry.url}/token",scope="${scope}",error="insufficient_scope"`;
  setting.registry.fail({ path: '/v2/', status: 403, headers: { 'www-authenticate': challenge } });
  await client.resolve(setting.name);
  const asked = setting.registry.requests.filter(({ path }) => path.startsWith('/token')).map(({ path }) => path);
  expect(asked.map((path) => new URL(path, 'http://x').searchParams.getAll('scope'))).toEqual([
    ['repository:demo/app:pull'],
    ['repository:demo/app:pull,special'],
  ]);
  setting.registry.fail({ path: '/v2/', status: 403, headers: { 'www-authenticate': challenge }, times: 99 });
  const before = setting.registry.requests.length;
  await expect(client.manifest(setting.name)).rejects.toMatchObject({ code: 'DENIED' });
  expect(setting.registry.requests.length - before).toBe(3);
});

test('one token is for all that a request needs', async () => {
  await using setting = await served({ access: ann });
  const transport = connect({ credentials: ann });
  const { registry } = parseReference(setting.name);
  await transport.send({
    registry,
    repository: 'demo/new',
    method: 'POST',
    path: 'blobs/uploads/',
    actions: ['pull', 'push'],
    scopes: ['repository:demo/app:pull'],
    body: '',
    what: 'begin an upload',
  });
  const [asked] = setting.registry.requests.filter(({ path }) => path.startsWith('/token'));
  expect(new URL(asked?.path ?? '', 'http://x').searchParams.getAll('scope').sort()).toEqual([
    'repository:demo/app:pull',
    'repository:demo/new:pull,push',
  ]);
  transport.http.close();
});

test('a body is sent again with another token', async () => {
  await using setting = await served({ access: ann });
  const transport = connect({ credentials: ann });
  const { registry } = parseReference(setting.name);
  const upload = { registry, repository: 'demo/new', actions: ['pull', 'push'], what: 'upload' } as const;
  const begun = await transport.send({ ...upload, method: 'POST', path: 'blobs/uploads/', body: '' });
  await transport.http.drain(begun.response, begun.url);
  setting.registry.expireTokens();
  let streams = 0;
  const body = {
    size: 5,
    async *stream() {
      streams += 1;
      yield Buffer.from('hello');
    },
  };
  const location = whereTo(begun.url, begun.response.headers.location ?? '');
  const answer = await transport.sendOnce({ ...upload, method: 'PATCH', path: '', location, body });
  expect([answer.response.statusCode, answer.response.headers.range, streams]).toEqual([202, '0-4', 2]);
  await transport.http.drain(answer.response, answer.url);
  transport.http.close();
});

test('storage that asks who we are is not told', async () => {
  const seen: unknown[] = [];
  await using thief = await serve((request, response) => {
    seen.push(request.headers.authorization);
    if (request.url?.startsWith('/token')) response.end('{"token":"x"}');
    else response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${request.headers.host}/token"` }).end();
  });
  await using setting = await served({ access: ann });
  setting.registry.fail({ path: '/v2/', redirect: thief.url, times: 9 });
  using client = new RegistryClient({ credentials: ann, retries: 0 });
  await expect(client.manifest(setting.name)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  expect(seen).toEqual([undefined]);
});

test('an address of an upload on another origin gets no token', async () => {
  await using setting = await served({ access: ann });
  const transport = connect({ credentials: ann, retries: 0 });
  const seen: unknown[] = [];
  await using elsewhere = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(401, { 'www-authenticate': `Bearer realm="${setting.registry.url}/token"` }).end();
  });
  const { registry } = parseReference(setting.name);
  const location = new URL(elsewhere.url);
  const sent = transport.send({ registry, repository: 'demo/app', path: '', location, what: 'upload' });
  await expect(sent).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  expect(seen).toEqual([undefined]);
  transport.http.close();
});

test('a password that was given for one registry is not shown to the next', async () => {
  await using first = await Registry.start();
  await using second = await Registry.start({ access: { ...ann, scheme: 'basic' } });
  using client = new RegistryClient({ credentials: ann, retries: 0 });
  // Although the first does not even want it.
  await expect(client.resolve(`${first.host}/app:1`)).rejects.toMatchObject({ status: 404 });
  const refused = client.resolve(`${second.host}/app:1`);
  await expect(refused).rejects.toMatchObject({ code: 'CREDENTIALS_INVALID' });
  await expect(refused).rejects.toThrow(/give a function/);
  expect(second.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
});

test.each(['abc\n', 'a b', ''])('a token that no header can hold is refused by name: %j', async (token) => {
  await using server = await serve((_, response) => {
    response.writeHead(401, { 'www-authenticate': 'Bearer realm="https://token.test"' }).end();
  });
  using client = new RegistryClient({ credentials: { token } });
  await expect(client.resolve(`${server.host}/app:1`)).rejects.toMatchObject({
    code: 'CREDENTIALS_INVALID',
    message: expect.stringMatching(/^cannot log in to 127.*line break/),
  });
});
