import { Registry } from '@estiba/registry';
import { expect, test } from 'vitest';
import { RegistryClient } from '../src/client.ts';
import { makeImage, scratchLayout } from './fixture.ts';

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
