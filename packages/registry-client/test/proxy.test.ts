import { expect, test } from 'vitest';
import { environmentProxy, proxyAuthorization } from '../src/proxy.ts';

function proxyOf(address: string, environment: NodeJS.ProcessEnv): string | undefined {
  return environmentProxy(environment)(new URL(address))?.href;
}

test.each<[NodeJS.ProcessEnv, string, string | undefined]>([
  [{}, 'https://ghcr.io', undefined],
  [{ HTTPS_PROXY: 'http://p:3128' }, 'https://ghcr.io', 'http://p:3128/'],
  [{ https_proxy: 'p:3128' }, 'https://ghcr.io', 'http://p:3128/'],
  [{ HTTPS_PROXY: 'https://u:w@p' }, 'https://ghcr.io', 'https://u:w@p/'],
  [{ HTTPS_PROXY: 'http://p' }, 'http://ghcr.io', undefined],
  [{ HTTP_PROXY: 'http://p' }, 'http://ghcr.io', 'http://p/'],
  [{ HTTP_PROXY: 'http://p', REQUEST_METHOD: 'GET' }, 'http://ghcr.io', undefined],
  [{ HTTPS_PROXY: '', https_proxy: '' }, 'https://ghcr.io', undefined],
  [{ HTTPS_PROXY: 'http://p' }, 'https://localhost:5000', undefined],
  [{ HTTPS_PROXY: 'http://p' }, 'https://127.0.0.2:5000', undefined],
  [{ HTTPS_PROXY: 'http://p' }, 'https://[::1]:5000', undefined],
])('with %j, %s goes through %s', (environment, address, proxy) => {
  expect(proxyOf(address, environment)).toBe(proxy);
});

test.each([
  ['*', 'https://ghcr.io', true],
  ['ghcr.io', 'https://ghcr.io', true],
  ['GHCR.IO', 'https://ghcr.io', true],
  ['ghcr.io', 'https://x.ghcr.io', true],
  ['ghcr.io', 'https://xghcr.io', false],
  ['.ghcr.io', 'https://ghcr.io', false],
  ['.ghcr.io', 'https://x.ghcr.io', true],
  ['*.ghcr.io', 'https://x.ghcr.io', true],
  ['*.ghcr.io', 'https://ghcr.io', false],
  ['a, ghcr.io ,b', 'https://ghcr.io', true],
  ['ghcr.io:443', 'https://ghcr.io', true],
  ['ghcr.io:8443', 'https://ghcr.io', false],
  ['ghcr.io:5000', 'https://ghcr.io:5000', true],
  ['10.0.0.0/8', 'https://10.1.2.3', true],
  ['10.0.0.0/8', 'https://11.1.2.3', false],
  ['10.1.2.3', 'https://10.1.2.3', true],
  ['10.1.2.3:5000', 'https://10.1.2.3:5000', true],
  ['1.2.3', 'https://10.1.2.3', false],
  ['fd00::/8', 'https://[fd12::1]', true],
  ['[fd12::1]:5000', 'https://[fd12::1]:5000', true],
  ['fd12::1', 'https://[fd12::1]', true],
  ['fd13::1', 'https://[fd12::1]', false],
  ['10.0.0.0/99', 'https://10.1.2.3', false],
  ['10.0.0.0/8', 'https://10.example', false],
  ['', 'https://ghcr.io', false],
])('NO_PROXY=%j excepts %s: %j', (list, address, excepted) => {
  expect(proxyOf(address, { HTTPS_PROXY: 'http://p', NO_PROXY: list }) === undefined).toBe(excepted);
});

test.each(['socks5://u:open-sesame@p:1080', 'ftp://p', 'http://'])(
  'a proxy at %s is refused, and not shown',
  (text) => {
    const refused = () => proxyOf('https://ghcr.io', { HTTPS_PROXY: text });
    expect(refused).toThrow(expect.objectContaining({ code: 'PROXY_INVALID' }));
    expect(refused).not.toThrow('sesame');
  },
);

test.each(['http://50%:open-sesame@p', 'http://u:open-sesame%zz@p'])(
  'a proxy whose user is written wrong is refused, and not shown: %s',
  (text) => {
    const refused = () => proxyAuthorization(new URL(text));
    expect(refused).toThrow(expect.objectContaining({ code: 'PROXY_INVALID' }));
    expect(refused).toThrow(/%25/);
    expect(refused).not.toThrow('sesame');
  },
);

test('a percent sign is written as %25', () => {
  const { 'proxy-authorization': sent = '' } = proxyAuthorization(new URL('http://50%25:%40@p'));
  expect(atob(sent.slice('Basic '.length))).toBe('50%:@');
});
