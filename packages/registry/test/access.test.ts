import { digestOf } from '@estiba/image-spec';
import { expect, test } from 'vitest';
import type { AccessOptions } from '../src/access.ts';
import { Registry } from '../src/registry.ts';
import { ask } from './ask.ts';

const ann = { username: 'ann', password: 'secret' };
const basic = `Basic ${Buffer.from('ann:secret').toString('base64')}`;

async function token(registry: Registry, action: string, authorization?: string): Promise<Response> {
  const headers = authorization === undefined ? {} : { authorization };
  return fetch(`${registry.url}/token?service=estiba&scope=repository:demo/app:${action}`, { headers });
}

async function use(registry: Registry, method: string, granted: Response): Promise<number> {
  const { token: text } = (await granted.json()) as { token: string };
  const path = method === 'GET' ? 'manifests/1' : 'blobs/uploads/';
  const response = await fetch(`${registry.url}/v2/demo/app/${path}`, {
    method,
    headers: { authorization: `Bearer ${text}` },
  });
  return response.status;
}

function guarded(options: Partial<AccessOptions> = {}): Promise<Registry> {
  return Registry.start({ access: { ...ann, ...options } });
}

test('without a token a registry says where to get one', async () => {
  await using registry = await guarded();
  const response = await fetch(`${registry.url}/v2/demo/app/manifests/1`);
  expect(response.status).toBe(401);
  expect(response.headers.get('www-authenticate')).toBe(
    `Bearer realm="${registry.url}/token",service="estiba",scope="repository:demo/app:pull"`,
  );
});

test('a token is good for what it was asked for', async () => {
  await using registry = await guarded();
  expect(await use(registry, 'GET', await token(registry, 'pull', basic))).toBe(404);
  expect(await use(registry, 'POST', await token(registry, 'pull', basic))).toBe(401);
  expect(await use(registry, 'POST', await token(registry, 'pull,push', basic))).toBe(202);
});

test('strangers get a token only for pulling, and only where that is allowed', async () => {
  await using open = await guarded({ anonymousPull: true });
  expect(await use(open, 'GET', await token(open, 'pull'))).toBe(404);
  expect(await use(open, 'POST', await token(open, 'pull,push'))).toBe(401);
  expect((await token(open, 'pull', 'Basic wrong')).status).toBe(401);
  await using closed = await guarded();
  expect((await token(closed, 'pull')).status).toBe(401);
});

test('a token runs out', async () => {
  await using registry = await guarded({ tokenSeconds: 0.02 });
  const granted = await token(registry, 'pull', basic);
  await new Promise((resolve) => setTimeout(resolve, 40));
  expect(await use(registry, 'GET', granted)).toBe(401);
});

test('basic authentication wants user name and password', async () => {
  await using registry = await guarded({ scheme: 'basic' });
  const ask = async (authorization: string) =>
    (await fetch(`${registry.url}/v2/`, { headers: { authorization } })).status;
  expect([await ask(basic), await ask('Basic wrong'), await ask('')]).toEqual([200, 401, 401]);
});

test('a token that is good for something else says what is lacking', async () => {
  await using registry = await guarded();
  const { token: text } = (await (await token(registry, 'pull', basic)).json()) as { token: string };
  const challenge = async (authorization: string) => {
    const response = await fetch(`${registry.url}/v2/demo/app/blobs/uploads/`, {
      method: 'POST',
      headers: { authorization },
    });
    return [response.status, response.headers.get('www-authenticate')];
  };
  const wanted = `Bearer realm="${registry.url}/token",service="estiba",scope="repository:demo/app:pull,push"`;
  expect(await challenge(`Bearer ${text}`)).toEqual([401, `${wanted},error="insufficient_scope"`]);
  expect(await challenge('Bearer nonsense')).toEqual([401, `${wanted},error="invalid_token"`]);
});

test('tokens that were given out can be taken back', async () => {
  await using registry = await guarded();
  const granted = await token(registry, 'pull', basic);
  registry.expireTokens();
  expect(await use(registry, 'GET', granted)).toBe(401);
});

test('to mount a blob one has to have asked to read it', async () => {
  await using registry = await guarded({ allows: (_, scope) => !scope.startsWith('repository:secret:') });
  const mount = async (from: string, ...scopes: string[]) => {
    const query = scopes.map((scope) => `scope=${scope}`).join('&');
    const granted = await fetch(`${registry.url}/token?${query}`, { headers: { authorization: basic } });
    const { token: text } = (await granted.json()) as { token: string };
    const path = `demo/blobs/uploads/?mount=${digestOf('shared')}&from=${from}`;
    return ask(registry, 'POST', path, { headers: { authorization: `Bearer ${text}` } });
  };
  const push = 'repository:demo:pull,push';
  const told = await mount('other', push);
  expect(told.headers.get('www-authenticate')).toContain('scope="repository:demo:pull,push repository:other:pull"');
  expect((await mount('other', push, 'repository:other:pull')).status).toBe(202);
  // Asked for and not given: the blob has to be sent.
  expect((await mount('secret', push, 'repository:secret:pull')).status).toBe(202);
});

test('a blob is not mounted from where one may not read', async () => {
  const allows = (username: string | undefined, scope: string) =>
    username === 'ann' || !scope.startsWith('repository:secret:');
  const check = (username: string, password: string) => password === `${username}!`;
  await using registry = await Registry.start({ access: { check, allows, scheme: 'basic' } });
  const as = (username: string) => ({
    authorization: `Basic ${Buffer.from(`${username}:${username}!`).toString('base64')}`,
  });
  const digest = digestOf('content');
  await ask(registry, 'POST', `secret/blobs/uploads/?digest=${digest}`, { headers: as('ann'), body: 'content' });
  for (const from of ['&from=secret', '']) {
    const path = `demo/blobs/uploads/?mount=${digest}${from}`;
    expect((await ask(registry, 'POST', path, { headers: as('bob') })).status).toBe(202);
  }
  const mounted = await ask(registry, 'POST', `demo/blobs/uploads/?mount=${digest}`, { headers: as('ann') });
  expect(mounted.status).toBe(201);
  const refused = await ask(registry, 'GET', `secret/blobs/${digest}`, { headers: as('bob') });
  expect([refused.status, refused.body.toString()]).toEqual([403, expect.stringContaining('DENIED')]);
});

test('strangers may read by basic authentication where that is allowed', async () => {
  await using registry = await guarded({ scheme: 'basic', anonymousPull: true });
  expect((await ask(registry, 'GET', 'demo/manifests/1')).status).toBe(404);
  expect((await ask(registry, 'POST', 'demo/blobs/uploads/')).status).toBe(401);
  for (const path of ['demo/manifests/1', '/v2/']) {
    expect((await ask(registry, 'GET', path, { headers: { authorization: 'Basic wrong' } })).status).toBe(401);
  }
});

test('the list of repositories and deleting have scopes of their own', async () => {
  await using registry = await guarded();
  const scopeOf = async (method: string, path: string) =>
    /scope="([^"]+)"/.exec((await ask(registry, method, path)).headers.get('www-authenticate') ?? '')?.[1];
  expect(await scopeOf('GET', '_catalog')).toBe('registry:catalog:*');
  expect(await scopeOf('DELETE', 'demo/manifests/1')).toBe('repository:demo:delete');
  expect(await scopeOf('DELETE', 'demo/blobs/uploads/x')).toBe('repository:demo:pull,push');
  expect(await scopeOf('GET', '/v2/')).toBe(undefined);
});

test('a registry can name any token server', async () => {
  await using registry = await guarded({ realm: 'https://tokens.example.com/give' });
  const { headers } = await ask(registry, 'GET', '/v2/');
  expect(headers.get('www-authenticate')).toBe('Bearer realm="https://tokens.example.com/give",service="estiba"');
});

test('a stranger who may pull by basic authentication is told that there is something to log in to', async () => {
  await using registry = await Registry.start({
    access: { username: 'ann', password: 'secret', scheme: 'basic', anonymousPull: true },
  });
  const status = async (path: string, authorization?: string) =>
    (await fetch(`${registry.url}/v2/${path}`, authorization === undefined ? {} : { headers: { authorization } }))
      .status;
  const nobody = `Basic ${btoa(':')}`;
  expect([await status(''), await status('', nobody)]).toEqual([401, 401]);
  expect([await status('demo/tags/list'), await status('demo/tags/list', nobody)]).toEqual([404, 404]);
  expect(await status('demo/tags/list', `Basic ${btoa('ann:wrong')}`)).toBe(401);
  expect(await status('', `Basic ${btoa('ann:secret')}`)).toBe(200);
});
