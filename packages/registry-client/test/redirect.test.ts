import { Registry } from '@estiba/registry';
import { expect, test } from 'vitest';
import { Http } from '../src/http.ts';
import { redirected, sendFollowing } from '../src/redirect.ts';

const request = {
  method: 'GET',
  url: new URL('https://registry.example/v2/x/blobs/y'),
  headers: { authorization: 'Bearer secret', cookie: 'secret', range: 'bytes=5-' },
};

test('another origin gets neither token nor cookie, but the range', () => {
  const next = redirected(request, 'https://storage.example/y?signature=1');
  expect(next.url.href).toBe('https://storage.example/y?signature=1');
  expect(next.headers).toEqual({ range: 'bytes=5-' });
});

test('another port is another origin', () => {
  expect(redirected(request, 'https://registry.example:444/y').headers).toEqual({ range: 'bytes=5-' });
});

test('the same origin keeps the token', () => {
  expect(redirected(request, '/elsewhere').headers).toEqual(request.headers);
});

test.each(['http://storage.example/y', 'file:///etc/passwd', 'http://registry.example/v2/x/blobs/y', 'https://'])(
  'from TLS there is no way to %s',
  (location) => {
    expect(() => redirected(request, location)).toThrow(expect.objectContaining({ code: 'REDIRECT_REFUSED' }));
  },
);

test('a password in the address is not used', () => {
  expect(redirected(request, 'https://user:pass@storage.example/y').url.href).toBe('https://storage.example/y');
});

test('a circle is left after twenty redirects', async () => {
  await using registry = await Registry.start();
  registry.fail({ redirect: registry.url, times: 100 });
  const http = new Http();
  const circle = sendFollowing(http, { method: 'GET', url: new URL(`${registry.url}/v2/`), headers: {} });
  await expect(circle).rejects.toMatchObject({ code: 'REDIRECT_REFUSED' });
  expect(registry.requests).toHaveLength(21);
  http.close();
});
