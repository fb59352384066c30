import { expect, test } from 'vitest';
import { parseChallenges } from '../src/challenge.ts';

test('a bearer challenge is taken apart', () => {
  const header =
    'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push"';
  expect(parseChallenges(header)).toEqual([
    {
      scheme: 'bearer',
      parameters: {
        realm: 'https://auth.example/token',
        service: 'registry.example',
        scope: 'repository:a/b:pull,push',
      },
    },
  ]);
});

test('several challenges in one header are told apart', () => {
  const header = 'Negotiate, Basic realm="a, b" , charset="UTF-8",BEARER realm=x, error="insufficient_scope"';
  expect(parseChallenges(header)).toEqual([
    { scheme: 'negotiate', parameters: {} },
    { scheme: 'basic', parameters: { realm: 'a, b', charset: 'UTF-8' } },
    { scheme: 'bearer', parameters: { realm: 'x', error: 'insufficient_scope' } },
  ]);
});

test('quotes may be escaped', () => {
  expect(parseChallenges('Basic realm="say \\"hi\\" \\\\"')[0]?.parameters.realm).toBe('say "hi" \\');
});

test('an address without quotes is read, too', () => {
  expect(parseChallenges('Bearer realm=https://auth.example/token,service=x')[0]?.parameters).toEqual({
    realm: 'https://auth.example/token',
    service: 'x',
  });
});

test('what cannot be read ends the list', () => {
  expect(parseChallenges('Basic realm="x", "oops')).toEqual([{ scheme: 'basic', parameters: { realm: 'x' } }]);
  expect(parseChallenges('')).toEqual([]);
});

test('names of parameters cannot reach the prototype', () => {
  const [challenge] = parseChallenges('Bearer __proto__=x');
  expect(Object.getPrototypeOf(challenge?.parameters)).toBeNull();
});

test('a hostile header is read at once', () => {
  const started = performance.now();
  for (const text of [
    `Bearer ${'a='.repeat(20_000)}`,
    `Bearer a="${'\\'.repeat(40_000)}`,
    ', '.repeat(20_000),
    'a '.repeat(20_000),
  ]) {
    parseChallenges(text);
  }
  expect(performance.now() - started).toBeLessThan(3000);
});
