import { expect, test } from 'vitest';
import { familiarName, parseReference } from '../src/reference.ts';

const hex = 'a'.repeat(64);
const digest = `sha256:${hex}`;

test.each([
  ['alpine', 'docker.io/library/alpine:latest', 'alpine:latest'],
  ['alpine:3.20', 'docker.io/library/alpine:3.20', 'alpine:3.20'],
  ['acme/tool', 'docker.io/acme/tool:latest', 'acme/tool:latest'],
  ['docker.io/alpine', 'docker.io/library/alpine:latest', 'alpine:latest'],
  ['index.docker.io/acme/tool:1', 'docker.io/acme/tool:1', 'acme/tool:1'],
  ['docker.io/library/a/b', 'docker.io/library/a/b:latest', 'library/a/b:latest'],
  ['localhost/x', 'localhost/x:latest', 'localhost/x:latest'],
  ['localhost:5000/x/y:1_2', 'localhost:5000/x/y:1_2', 'localhost:5000/x/y:1_2'],
  ['[::1]:5000/x', '[::1]:5000/x:latest', '[::1]:5000/x:latest'],
  ['[2001:db8::1]/x:1', '[2001:db8::1]/x:1', '[2001:db8::1]/x:1'],
  ['Host/x', 'Host/x:latest', 'Host/x:latest'],
  ['ghcr.io/acme/tool', 'ghcr.io/acme/tool:latest', 'ghcr.io/acme/tool:latest'],
  [`alpine@${digest}`, `docker.io/library/alpine@${digest}`, `alpine@${digest}`],
  [`host:5000/x:1@${digest}`, `host:5000/x:1@${digest}`, `host:5000/x:1@${digest}`],
  ['a__b/c---d/e.f_g', 'docker.io/a__b/c---d/e.f_g:latest', 'a__b/c---d/e.f_g:latest'],
  [`x/${hex}`, `docker.io/x/${hex}:latest`, `x/${hex}:latest`],
])('%s is %s', (text, full, familiar) => {
  expect(String(parseReference(text))).toBe(full);
  expect(familiarName(parseReference(text))).toBe(familiar);
  expect(String(parseReference(full))).toBe(full);
});

test('a name is taken apart', () => {
  expect(parseReference(`host:5000/x/y:1@${digest}`)).toMatchObject({
    registry: 'host:5000',
    repository: 'x/y',
    tag: '1',
    digest,
  });
});

test.each([
  ['nothing', ''],
  ['a capital in the repository', 'Alpine'],
  ['a capital after the host', 'host.io/Alpine'],
  ['an image id', hex],
  ['a tag that begins with a dot', 'alpine:.x'],
  ['an empty tag', 'alpine:'],
  ['a tag of 129 characters', `alpine:${'x'.repeat(129)}`],
  ['a slash at the end', 'alpine/'],
  ['two slashes', 'a//b'],
  ['a way up', 'host.io/../x'],
  ['three underscores', 'a___b'],
  ['two dots', 'a..b'],
  ['a space', 'a b'],
  ['a query', 'host.io/x?y'],
  ['a scheme', 'https://host.io/x'],
  ['a user', 'user@host.io/x'],
  ['a port too high', 'host:70000/x'],
  ['a port that is no number', 'host:abc/x'],
  ['a dash before the dot', 'host-.io/x'],
  ['an open bracket', '[::1/x'],
  ['256 characters', `host.io/${'x'.repeat(256)}`],
  ['a line end', 'alpine\n'],
])('a name with %s is refused', (_, text) => {
  expect(() => parseReference(text)).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^(REFERENCE|DIGEST)_INVALID$/) }),
  );
});

test('a repository may have 255 characters', () => {
  expect(parseReference(`host.io/${'x'.repeat(255)}`).repository).toHaveLength(255);
});

test('a wrong digest is called so', () => {
  expect(() => parseReference('alpine@sha256:123')).toThrow(expect.objectContaining({ code: 'DIGEST_INVALID' }));
});

test('a long hostile name is refused at once', () => {
  const started = performance.now();
  for (const text of ['a-'.repeat(1000), `${'a.'.repeat(1000)}/x`, `a${'-'.repeat(1500)}!`, 'a'.repeat(3000)]) {
    expect(() => parseReference(text)).toThrow();
  }
  expect(performance.now() - started).toBeLessThan(1000);
});
