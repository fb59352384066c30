import type { IncomingMessage } from 'node:http';
import { RegistryError } from './error.ts';
import type { Http, HttpRequest } from './http.ts';

const most = 20;

/** Sends a request and follows where it is sent on to. */
export async function sendFollowing(
  http: Http,
  request: HttpRequest,
): Promise<{ response: IncomingMessage; url: URL }> {
  let current = request;
  for (let hops = 0; hops <= most; hops++) {
    const response = await http.send(current);
    const { statusCode = 0, headers } = response;
    if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined)
      return { response, url: current.url };
    await http.drain(response, current.url);
    current = redirected(current, headers.location, statusCode);
  }
  throw new RegistryError('REDIRECT_REFUSED', `cannot follow ${request.url.host}: more than ${most} redirects`, {
    url: request.url,
  });
}

/**
 * The request to make next. It leaves behind what is meant for the first server alone: storage behind a registry would
 * learn the token, and some refuse a request that has one. Method and body stay as they are; a 303, which asks for a GET in
 * place of a write, is refused. Throws REDIRECT_REFUSED, for a way out of TLS, too.
 * https://www.rfc-editor.org/rfc/rfc9110#section-15.4
 */
export function redirected(request: HttpRequest, location: string, status = 307): HttpRequest {
  const url = whereTo(request.url, location);
  const writes = request.method !== 'GET' && request.method !== 'HEAD';
  if (status === 303 && writes) throw refuse(request.url, `elsewhere in answer to ${request.method}`);
  const next = { ...request, url, from: request.from ?? request.url };
  if (url.origin === request.url.origin) return next;
  const { authorization: _authorization, cookie: _cookie, ...headers } = request.headers;
  return { ...next, headers };
}

/** An address that a server has sent: relative ones are below its own. Throws REDIRECT_REFUSED for a way out of TLS. */
export function whereTo(base: URL, location: string): URL {
  const url = URL.canParse(location, base.href) ? new URL(location, base) : undefined;
  const plain = url?.protocol === 'http:' && base.protocol === 'http:';
  if (url === undefined) throw refuse(base, 'what is no address');
  if (url.protocol !== 'https:' && !plain) throw refuse(base, `${url.protocol}//${url.host}`);
  url.username = '';
  url.password = '';
  return url;
}

function refuse(from: URL, to: string): RegistryError {
  return new RegistryError('REDIRECT_REFUSED', `cannot follow ${from.host}: it redirects to ${to}`, { url: from });
}
