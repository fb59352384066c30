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
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || location === undefined)
      return { response, url: current.url };
    await http.drain(response, current.url);
    current = redirected(current, location);
  }
  throw new RegistryError('REDIRECT_REFUSED', `cannot follow ${request.url.host}: more than ${most} redirects`, {
    url: request.url,
  });
}

/**
 * The request to make next. It leaves behind what is meant for the first server alone: storage behind a registry would
 * learn the token, and some refuse a request that has one. Throws REDIRECT_REFUSED for a way out of TLS.
 */
export function redirected(request: HttpRequest, location: string): HttpRequest {
  const url = URL.canParse(location, request.url.href) ? new URL(location, request.url) : undefined;
  const plain = url?.protocol === 'http:' && request.url.protocol === 'http:';
  if (url === undefined || (url.protocol !== 'https:' && !plain)) {
    const to = url === undefined ? 'what is no address' : `${url.protocol}//${url.host}`;
    throw new RegistryError('REDIRECT_REFUSED', `cannot follow ${request.url.host}: it redirects to ${to}`, {
      url: request.url,
    });
  }
  url.username = '';
  url.password = '';
  if (url.origin === request.url.origin) return { ...request, url };
  const { authorization: _authorization, cookie: _cookie, ...headers } = request.headers;
  return { ...request, url, headers };
}
