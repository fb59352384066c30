import { expect, test } from 'vitest';
import { checkReach, guardedLookup, isLoopback } from '../src/address.ts';

const registry = new URL('https://registry.example');

test.each(['localhost', 'LOCALHOST.', 'a.localhost', '127.0.0.1', '127.8.9.1', '[::1]'])(
  '%s is this machine',
  (host) => {
    expect(isLoopback(host)).toBe(true);
  },
);

test.each(['localhost.example', '128.0.0.1', '127.example', '[::2]', '10.0.0.1'])('%s is another machine', (host) => {
  expect(isLoopback(host)).toBe(false);
});

test.each([
  'http://127.0.0.1',
  'http://localhost:8080',
  'http://0.0.0.0',
  'http://0',
  'http://0x7f.1',
  'http://[::]',
  'http://[::ffff:127.0.0.1]',
  'http://[::ffff:7f00:1]',
  'http://169.254.169.254',
  'http://[fe80::1]',
  'http://[fd00:ec2::254]',
  'http://100.100.100.200',
])('another machine does not lead to %s', (address) => {
  expect(() => checkReach(registry, new URL(address))).toThrow(expect.objectContaining({ code: 'ADDRESS_REFUSED' }));
});

test.each([
  'https://storage.example',
  'https://10.0.0.1',
  'https://192.168.1.1',
  'https://[fd12::1]',
  'https://8.8.8.8',
])('another machine leads to %s', (address) => {
  expect(() => checkReach(registry, new URL(address))).not.toThrow();
});

test('this machine leads to itself, and not to its link', () => {
  expect(() => checkReach(new URL('http://localhost:5000'), new URL('http://127.0.0.1:9000'))).not.toThrow();
  expect(() => checkReach(new URL('http://localhost:5000'), new URL('http://169.254.169.254'))).toThrow('this link');
  expect(() => checkReach(new URL('http://169.254.1.1'), new URL('http://169.254.1.2'))).not.toThrow();
});

test('a name is judged by the addresses behind it', async () => {
  const resolve = (from: URL, all: boolean) =>
    new Promise<unknown>((settle) => {
      guardedLookup(from)('localhost', { all }, (error, found) => settle(error ?? found));
    });
  for (const all of [true, false]) {
    expect(await resolve(registry, all)).toMatchObject({ code: 'ADDRESS_REFUSED' });
    expect(await resolve(new URL('http://127.0.0.1'), all)).not.toBeInstanceOf(Error);
  }
});
