import type { IncomingMessage } from 'node:http';
import type { Audience } from './authorizer.ts';
import type { Challenge } from './challenge.ts';
import { basic, type Credentials } from './credentials.ts';
import { isLoopback } from './endpoint.ts';
import { RegistryError } from './error.ts';
import type { Http } from './http.ts';
import { readAll } from './read-all.ts';
import { sendFollowing } from './redirect.ts';

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
  const query = new URLSearchParams({ scope: parameters.scope ?? audience.scope });
  if (parameters.service !== undefined) query.set('service', parameters.service);
  const { signal } = audience;
  const exchange = credentials !== undefined && 'identityToken' in credentials ? credentials.identityToken : undefined;
  const { response } =
    exchange === undefined
      ? await sendFollowing(http, {
          method: 'GET',
          url: withQuery(realm, query),
          headers: authorization(credentials),
          signal,
        })
      : {
          response: await http.send({
            method: 'POST',
            url: realm,
            headers: form,
            body: refresh(query, exchange),
            signal,
          }),
        };
  return readToken(http, response, realm, signal);
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
  throw new RegistryError(
    'TOKEN_REFUSED',
    `cannot log in to ${endpoint.host}: its token service is ${JSON.stringify(text.slice(0, 200))}; ${why}`,
    {
      url: endpoint,
    },
  );
}

function withQuery(realm: URL, query: URLSearchParams): URL {
  const url = new URL(realm);
  for (const [name, value] of query) url.searchParams.set(name, value);
  return url;
}

function authorization(credentials: Credentials | undefined): Record<string, string> {
  return credentials !== undefined && 'username' in credentials ? { authorization: basic(credentials) } : {};
}

function refresh(query: URLSearchParams, identityToken: string): string {
  const fields = { grant_type: 'refresh_token', refresh_token: identityToken, client_id: 'estiba' };
  return new URLSearchParams([...query, ...Object.entries(fields)]).toString();
}

async function readToken(
  http: Http,
  response: IncomingMessage,
  realm: URL,
  signal: AbortSignal | undefined,
): Promise<{ header: string; expires: number }> {
  const status = response.statusCode ?? 0;
  if (status !== 200) {
    await http.drain(response, realm);
    const wrong = status === 401 || status === 403;
    const message = wrong ? 'the credentials are refused' : `it answers ${status}`;
    throw new RegistryError(
      wrong ? 'UNAUTHORIZED' : 'TOKEN_REFUSED',
      `cannot get a token from ${realm.host}: ${message}`,
      {
        url: realm,
        status,
        retryable: status === 429 || status >= 500,
      },
    );
  }
  const answer = parse(await readAll(http.body(response, realm, signal), most, realm));
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

function parse(bytes: Buffer): Record<string, unknown> {
  try {
    const answer: unknown = JSON.parse(bytes.toString());
    return typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
