import type { IncomingMessage } from 'node:http';
import { isLoopback } from './address.ts';
import type { Audience } from './authorizer.ts';
import type { Challenge } from './challenge.ts';
import { basic, type Credentials } from './credentials.ts';
import { RegistryError } from './error.ts';
import type { Http } from './http.ts';
import { sendFollowing } from './redirect.ts';
import { parseRetryAfter } from './retry.ts';
import { mergeScopes } from './scopes.ts';

/**
 * Exchanges credentials, or nothing, for a token. Rejects with TOKEN_REFUSED, or UNAUTHORIZED where the credentials are wrong.
 * https://distribution.github.io/distribution/spec/auth/token/ and https://distribution.github.io/distribution/spec/auth/oauth/
 */
export async function fetchToken(
  http: Http,
  audience: Audience,
  { parameters }: Challenge,
  credentials: Credentials | undefined,
  insecure: readonly string[],
): Promise<{ header: string; expires: number }> {
  const realm = checkRealm(parameters.realm ?? '', audience, credentials !== undefined, insecure);
  const wanted = {
    realm,
    from: audience.endpoint,
    service: parameters.service,
    // What was asked for, and what the registry says it takes: of these, the one or the other may be more.
    scopes: mergeScopes([...audience.scopes, parameters.scope ?? '']),
    signal: audience.signal,
  };
  if (credentials === undefined || !('identityToken' in credentials)) return get(http, wanted, credentials);
  const { identityToken } = credentials;
  const response = await post(http, wanted, identityToken);
  if (![404, 405, 501].includes(response.statusCode ?? 0)) return readToken(http, response, wanted);
  // Some know only the older way.
  await http.drain(response, realm);
  return get(http, wanted, { username: '<token>', password: identityToken });
}

interface Wanted {
  readonly realm: URL;
  readonly from: URL;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly signal: AbortSignal | undefined;
}

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const most = 64 * 1024;

/**
 * The token service is named by the registry. One without TLS is believed only where the registry itself has none, so that
 * nobody on the way can have credentials sent in the open, or requests sent into this machine.
 */
function checkRealm(text: string, { endpoint }: Audience, secret: boolean, insecure: readonly string[]): URL {
  const realm = URL.canParse(text) ? new URL(text) : undefined;
  if (realm?.protocol === 'https:') return realm;
  const open = realm?.protocol === 'http:' && endpoint.protocol === 'http:';
  const trusted = realm !== undefined && (isLoopback(realm.hostname) || insecure.includes(realm.host));
  if (realm !== undefined && open && (trusted || !secret)) return realm;
  const why = open ? 'credentials would be sent without TLS' : 'it is no https address';
  const shown = realm === undefined ? JSON.stringify(text.slice(0, 200)) : `${realm.protocol}//${realm.host}`;
  throw new RegistryError('TOKEN_REFUSED', `cannot log in to ${endpoint.host}: its token service is ${shown}; ${why}`, {
    url: endpoint,
  });
}

async function get(http: Http, { realm, from, service, scopes, signal }: Wanted, credentials: Credentials | undefined) {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  const known = credentials !== undefined && 'username' in credentials;
  const headers: Record<string, string> = known ? { authorization: basic(credentials) } : {};
  const { response } = await sendFollowing(http, { method: 'GET', url, from, headers, signal });
  return readToken(http, response, { realm, signal });
}

/** Not redirected: the body is a secret. */
function post(http: Http, wanted: Wanted, identityToken: string): Promise<IncomingMessage> {
  const { realm, from, service, scopes, signal } = wanted;
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: identityToken,
    client_id: 'estiba',
    scope: scopes.join(' '),
    ...(service !== undefined && { service }),
  });
  return http.send({ method: 'POST', url: realm, from, headers: form, body: body.toString(), signal });
}

async function readToken(
  http: Http,
  response: IncomingMessage,
  { realm, signal }: Pick<Wanted, 'realm' | 'signal'>,
): Promise<{ header: string; expires: number }> {
  if (response.statusCode !== 200) throw await refused(http, response, realm);
  const answer = parse(await http.readAll(response, realm, most, signal));
  const token = [answer.token, answer.access_token].find(
    (text) => typeof text === 'string' && /^[\x21-\x7e]+$/.test(text),
  );
  if (token === undefined) {
    throw new RegistryError('TOKEN_REFUSED', `cannot get a token from ${realm.host}: there is none in its answer`, {
      url: realm,
    });
  }
  const seconds = typeof answer.expires_in === 'number' && answer.expires_in > 0 ? answer.expires_in : 60;
  // Given up a little early, so that it does not run out on the way.
  return { header: `Bearer ${token}`, expires: Date.now() + seconds * 900 };
}

async function refused(http: Http, response: IncomingMessage, realm: URL): Promise<RegistryError> {
  const status = response.statusCode ?? 0;
  await http.drain(response, realm);
  const wrong = status === 401 || status === 403;
  const why = wrong ? 'the credentials are refused' : `it answers ${status}`;
  return new RegistryError(wrong ? 'UNAUTHORIZED' : 'TOKEN_REFUSED', `cannot get a token from ${realm.host}: ${why}`, {
    url: realm,
    status,
    retryable: status === 429 || status >= 500,
    retryAfter: parseRetryAfter(response.headers['retry-after']),
  });
}

function parse(bytes: Buffer): Record<string, unknown> {
  try {
    const answer: unknown = JSON.parse(bytes.toString());
    return typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
