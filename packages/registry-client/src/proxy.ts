import { BlockList, isIP } from 'node:net';
import { isLoopback } from './address.ts';
import { RegistryError } from './error.ts';

/** The proxy for an address: `http://user:password@proxy.lan:3128`, or none. */
export type ProxyFor = (url: URL) => URL | undefined;

/**
 * HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in capitals or not, as Go reads them and so every other program for containers.
 * Loopback is never asked of a proxy. https://pkg.go.dev/golang.org/x/net/http/httpproxy
 */
export function environmentProxy(environment: NodeJS.ProcessEnv = process.env): ProxyFor {
  const of = (name: string) => environment[name] || environment[name.toLowerCase()] || undefined;
  return (url) => {
    if (isLoopback(url.hostname) || isExcepted(url, of('NO_PROXY') ?? '')) return undefined;
    if (url.protocol === 'https:') return parseProxy(of('HTTPS_PROXY'), 'HTTPS_PROXY');
    // In a CGI program HTTP_PROXY is a header that a visitor sends. https://httpoxy.org
    if (environment.REQUEST_METHOD !== undefined) return undefined;
    return parseProxy(of('HTTP_PROXY'), 'HTTP_PROXY');
  };
}

/** What a proxy wants to see of its user. Throws PROXY_INVALID. */
export function proxyAuthorization({ username, password }: URL): Record<string, string> {
  if (username === '') return {};
  const text = `${decoded(username)}:${decoded(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(text).toString('base64')}` };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw invalid('the proxy', 'in its user name or password a % is written %25');
  }
}

function parseProxy(text: string | undefined, name: string): URL | undefined {
  if (text === undefined) return undefined;
  const full = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  // Its text may hold a password.
  const why =
    url === undefined ? 'it is no address' : `proxies of ${url.protocol} are not known here, only http and https`;
  throw invalid(name, why);
}

function invalid(name: string, why: string): RegistryError {
  return new RegistryError('PROXY_INVALID', `cannot use ${name}: ${why}`, { url: 'http://proxy.invalid' });
}

/** `lan`, `.lan`, `*.lan`, `10.0.0.0/8`, `10.1.2.3`, each with a port if need be, or `*`. */
function isExcepted(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter(Boolean)
    .some((entry) => entry === '*' || matches(entry, host, port));
}

function matches(entry: string, host: string, port: string): boolean {
  if (isWithin(entry, host)) return true;
  const [, name = '', only] = /^(\[.*\]|[^:]*|.*:.*:.*?)(?::(\d+))?$/.exec(entry) ?? [];
  if (only !== undefined && only !== port) return false;
  const domain = name.replace(/^\[(.*)\]$/, '$1').replace(/^\*/, '');
  if (isIP(host) !== 0 || domain === '') return domain === host;
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

function isWithin(entry: string, host: string): boolean {
  const [network = '', bits] = entry.split('/');
  const family = isIP(network);
  if (bits === undefined || family === 0 || isIP(host) === 0) return false;
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
  return list.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6');
}
