import { expect, test } from 'vitest';
import type { AccessOptions } from '../src/access.ts';
import { Registry } from '../src/registry.ts';

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
