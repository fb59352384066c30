import { expect, test } from 'vitest';
import { Registry } from '../src/registry.ts';
import { type Asked, ask } from './ask.ts';

const access = { username: 'ann', password: 'sec:ret' };
const basic = { authorization: `Basic ${Buffer.from('ann:sec:ret').toString('base64')}` };
const scope = 'repository:demo:pull,push';

function post(registry: Registry, fields: Record<string, string>): Promise<Asked> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return ask(registry, 'POST', '/token', { headers, body: new URLSearchParams(fields).toString() });
}

async function pushes(registry: Registry, granted: Asked): Promise<number> {
  const headers = { authorization: `Bearer ${granted.json().access_token}` };
  return (await ask(registry, 'POST', 'demo/blobs/uploads/', { headers })).status;
}

test('a token is given for user name and password, as a header and as a form', async () => {
  await using registry = await Registry.start({ access });
  const byHeader = await ask(registry, 'GET', `/token?service=estiba&scope=${scope}`, { headers: basic });
  const byForm = await post(registry, { grant_type: 'password', username: 'ann', password: 'sec:ret', scope });
  for (const granted of [byHeader, byForm]) {
    expect(granted.json()).toMatchObject({ expires_in: 300, scope: 'repository:demo:pull repository:demo:push' });
    expect(granted.json()).not.toHaveProperty('refresh_token');
    expect(await pushes(registry, granted)).toBe(202);
  }
});

test('an identity token stands for them afterwards, at the token server alone', async () => {
  await using registry = await Registry.start({ access });
  const byHeader = await ask(registry, 'GET', '/token?offline_token=true', { headers: basic });
  const form = { grant_type: 'password', username: 'ann', password: 'sec:ret', access_type: 'offline' };
  for (const granted of [byHeader, await post(registry, form)]) {
    const identity = String(granted.json().refresh_token);
    const refreshed = await post(registry, { grant_type: 'refresh_token', refresh_token: identity, scope });
    expect(await pushes(registry, refreshed)).toBe(202);
    const headers = { authorization: `Bearer ${identity}` };
    expect((await ask(registry, 'GET', '/v2/', { headers })).status).toBe(401);
  }
});

test.each([
  { grant_type: 'password', username: 'ann', password: 'wrong' },
  { grant_type: 'password' },
  { grant_type: 'refresh_token', refresh_token: 'made up' },
  {},
])('%j gets no token', async (form) => {
  await using registry = await Registry.start({ access: { ...access, anonymousPull: true } });
  expect((await post(registry, form as Record<string, string>)).status).toBe(401);
});

test('a token server can be without forms, as older ones are', async () => {
  await using registry = await Registry.start({ access, lacks: ['oauth'] });
  expect((await post(registry, { grant_type: 'password', username: 'ann', password: 'sec:ret' })).status).toBe(405);
});

test('scopes come one by one or together, and one that is not allowed is left out', async () => {
  const allows = (_: string | undefined, wanted: string) => !wanted.endsWith(':delete');
  await using registry = await Registry.start({ access: { ...access, allows } });
  const query = 'scope=repository:a:pull&scope=repository:b:pull,delete%20repository:c/d:push';
  const { scope: granted } = (await ask(registry, 'GET', `/token?${query}`, { headers: basic })).json();
  expect(granted).toBe('repository:a:pull repository:b:pull repository:c/d:push');
});

test('a form without end is not read to it', async () => {
  await using registry = await Registry.start({ access });
  expect((await post(registry, { grant_type: 'x'.repeat(100_000) })).status).toBe(413);
});
