import { expect, test } from 'vitest';
import { endpoint } from '../src/endpoint.ts';

test.each([
  ['docker.io', 'https://registry-1.docker.io/'],
  ['ghcr.io', 'https://ghcr.io/'],
  ['registry.lan:5000', 'https://registry.lan:5000/'],
  ['insecure.lan:5000', 'http://insecure.lan:5000/'],
  ['insecure.lan', 'https://insecure.lan/'],
  ['localhost:5000', 'http://localhost:5000/'],
  ['localhost:5001', 'https://localhost:5001/'],
  ['localhost', 'http://localhost/'],
  ['127.0.0.1:5000', 'http://127.0.0.1:5000/'],
  ['127.8.9.1', 'http://127.8.9.1/'],
  ['[::1]:5000', 'http://[::1]:5000/'],
  ['127.evil.example', 'https://127.evil.example/'],
  ['localhost.evil.example', 'https://localhost.evil.example/'],
])('%s answers at %s', (registry, url) => {
  expect(endpoint(registry, { insecure: ['insecure.lan:5000'], secure: ['localhost:5001'] }).href).toBe(url);
});

test.each(['host:99999', '[1::2::3]:5000'])('%s is no address of a server', (registry) => {
  expect(() => endpoint(registry)).toThrow(expect.objectContaining({ code: 'REFERENCE_INVALID' }));
});
