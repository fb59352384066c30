import type { Access } from './access.ts';
import type { Rules } from './contents.ts';
import { type Exchange, readBody, replyJson } from './exchange.ts';
import { Refusal } from './refusal.ts';

/**
 * Gives out tokens, in both of the ways that there are:
 *
 *     GET  /token?scope=repository:x:pull&scope=…&offline_token=true    Authorization: Basic …
 *     POST /token   grant_type=password&username=…&password=…&scope=…&access_type=offline
 *     POST /token   grant_type=refresh_token&refresh_token=…&scope=…
 *          ──> {"token": …, "access_token": …, "expires_in": 300, "refresh_token": …}
 *
 * https://distribution.github.io/distribution/spec/auth/token/ and https://distribution.github.io/distribution/spec/auth/oauth/
 */
export async function answerToken(exchange: Exchange, access: Access, { lacks }: Rules): Promise<void> {
  const { method } = exchange.request;
  if (method === 'POST' && !lacks.has('oauth')) return answerForm(exchange, access);
  if (method !== 'GET') throw new Refusal(405, 'UNSUPPORTED', 'ask for tokens by GET');
  const { authorization } = exchange.request.headers;
  const { searchParams } = exchange.url;
  const username = await access.user(authorization);
  if (username === undefined && (authorization !== undefined || !access.takesStrangers)) throw wrong();
  const identity = searchParams.get('offline_token') === 'true' ? username : undefined;
  await grant(exchange, access, { username, identity, scopes: searchParams.getAll('scope') });
}

const mostFormBytes = 64 * 1024;

async function answerForm(exchange: Exchange, access: Access): Promise<void> {
  const form = new URLSearchParams((await readBody(exchange, mostFormBytes)).toString());
  const field = (name: string) => form.get(name) ?? '';
  const refresh = field('grant_type') === 'refresh_token';
  const known = refresh
    ? access.identified(field('refresh_token'))
    : (await access.accepts(field('username'), field('password'))) && field('username');
  if (known === undefined || known === false) throw wrong();
  const identity = !refresh && field('access_type') === 'offline' ? known : undefined;
  await grant(exchange, access, { username: known, identity, scopes: form.getAll('scope') });
}

async function grant(
  exchange: Exchange,
  access: Access,
  wanted: { username: string | undefined; identity: string | undefined; scopes: readonly string[] },
): Promise<void> {
  const { token, seconds, scopes } = access.issue(wanted.username, wanted.scopes.flatMap(splitScopes));
  await replyJson(exchange, 200, {
    token,
    access_token: token,
    expires_in: seconds,
    issued_at: new Date().toISOString(),
    scope: scopes.join(' '),
    ...(wanted.identity !== undefined && { refresh_token: access.identify(wanted.identity) }),
  });
}

/** `repository:x:pull,push` is two scopes. */
function splitScopes(text: string): string[] {
  return text.split(' ').flatMap((scope) => {
    const colon = scope.lastIndexOf(':');
    const actions = scope.slice(colon + 1).split(',');
    return actions.map((action) => `${scope.slice(0, colon)}:${action}`);
  });
}

function wrong(): Refusal {
  return new Refusal(401, 'UNAUTHORIZED', 'wrong user name or password');
}
