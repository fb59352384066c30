import { describe, expect, test } from 'vitest';
import { digestOf } from '../src/digest.ts';
import {
  familiarName,
  parseAnyReference,
  parseName,
  parseReference,
  tagNameOnly,
  trimReference,
  withDigest,
  withTag,
} from '../src/reference.ts';

const hex = 'a'.repeat(64);
const digest = `sha256:${hex}`;
const long = `sha512:${'f'.repeat(128)}`;

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
  expect(String(parseReference(familiar))).toBe(full);
});

// https://github.com/distribution/reference/blob/main/normalize_test.go
describe('as Docker reads names', () => {
  const fullHex = '1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a';

  // TestParseRepositoryInfo and TestNormalizedSplitHostname: registry, repository, familiar name, and other ways to write it.
  test.each([
    ['docker.io', 'fooo/bar', 'fooo/bar', 'index.docker.io/fooo/bar'],
    ['docker.io', 'library/ubuntu', 'ubuntu', 'library/ubuntu'],
    ['docker.io', 'nonlibrary/ubuntu', 'nonlibrary/ubuntu'],
    ['docker.io', 'other/library', 'other/library'],
    ['127.0.0.1:8000', 'private/moonbase', '127.0.0.1:8000/private/moonbase'],
    ['127.0.0.1:8000', 'privatebase', '127.0.0.1:8000/privatebase'],
    ['example.com', 'private/moonbase', 'example.com/private/moonbase'],
    ['example.com', 'privatebase', 'example.com/privatebase'],
    ['example.com:8000', 'private/moonbase', 'example.com:8000/private/moonbase'],
    ['example.com:8000', 'privatebasee', 'example.com:8000/privatebasee'],
    ['docker.io', 'library/ubuntu-12.04-base', 'ubuntu-12.04-base', 'index.docker.io/library/ubuntu-12.04-base'],
    ['docker.io', 'library/foo', 'foo', 'docker.io/foo'],
    ['docker.io', 'library/foo/bar', 'library/foo/bar'],
    ['docker.io', 'store/foo/bar', 'store/foo/bar'],
    ['Foo', 'bar', 'Foo/bar'],
    ['FOO', 'bar', 'FOO/bar'],
    ['docker.io', 'test_com/foo', 'test_com/foo'],
    ['docker.io', 'docker/migrator', 'docker/migrator'],
    ['test-com:8080', 'foo', 'test-com:8080/foo'],
    ['xn--n3h.com:18080', 'foo', 'xn--n3h.com:18080/foo'],
  ])('%s has %s, familiar as %s', (registry, repository, familiar, ...others) => {
    for (const text of [familiar, `${registry}/${repository}`, ...others]) {
      expect(parseName(text)).toMatchObject({ registry, repository });
      expect(parseName(text)).not.toHaveProperty('tag');
      expect(familiarName(parseName(text))).toBe(familiar);
    }
  });

  // TestValidateReferenceName, TestValidateRemoteName
  test.each([
    'docker/docker',
    '127.0.0.1:5000/library/debian',
    '192.168.0.1',
    '192.168.0.1:80',
    '192.168.0.1:8/debian',
    '192.168.0.2:25000/debian',
    'thisisthesongthatneverendsitgoesonandonandonthisisthesongthatnev',
    '[fc00::1]:5000/docker',
    '[fc00:1:2:3:4:5:6:7]:5000/library/debian',
    `docker.io/${fullHex}`,
    'Docker/docker',
    'docker-rules/docker',
    'docker---rules/docker',
    'd/docker',
    'dock__er/docker',
  ])('%s is a name', (text) => {
    expect(String(parseName(String(parseName(text))))).toBe(String(parseName(text)));
  });

  test.each([
    'https://github.com/docker/docker',
    'docker/Docker',
    '-docker',
    '-docker/docker',
    '-docker.io/docker/docker',
    'docker///docker',
    'docker.io/docker/Docker',
    'docker.io/docker///docker',
    '[fc00::1]',
    '[fc00::1]:5000',
    'fc00::1:5000/debian',
    '[fe80::1%eth0]:5000/debian',
    '[2001:db8:3:4::192.0.2.33]:5000/debian',
    fullHex,
    'docker-/docker',
    '-docker-/docker',
    '____/____',
    '_docker/_docker',
    'dock..er/docker',
    'dock_.er/docker',
    'dock-.er/docker',
    'docker/',
    `${'this_is_not_a_valid_namespace_because_its_lenth_is_greater_than_255_'.repeat(4)}/docker`,
  ])('%s is none', (text) => {
    expect(() => parseName(text)).toThrow(expect.objectContaining({ code: 'REFERENCE_INVALID' }));
  });

  // TestParseAnyReference
  test.each([
    ['redis', 'docker.io/library/redis'],
    ['redis:latest', 'docker.io/library/redis:latest'],
    [`redis@${digest}`, `docker.io/library/redis@${digest}`],
    ['dmcgowan/myapp:latest', 'docker.io/dmcgowan/myapp:latest'],
    [hex, digest],
    [digest, digest],
    [hex.slice(1), `docker.io/library/${hex.slice(1)}`],
    ['dbcc1', 'docker.io/library/dbcc1'],
  ])('%s may be %s', (text, meaning) => {
    expect(String(parseAnyReference(text))).toBe(meaning);
  });
});

// https://github.com/distribution/reference/blob/main/reference_test.go, TestReferenceParse, those with a registry.
test.each([
  ['test.com/repo:tag', 'test.com', 'repo', 'tag', undefined],
  ['test:5000/repo', 'test:5000', 'repo', undefined, undefined],
  ['test:5000/repo:tag', 'test:5000', 'repo', 'tag', undefined],
  [`test:5000/repo@${digest}`, 'test:5000', 'repo', undefined, digest],
  [`test:5000/repo:tag@${digest}`, 'test:5000', 'repo', 'tag', digest],
  [
    `a.a/${'a/'.repeat(127)}a:tag-puts-this-over-max`,
    'a.a',
    `${'a/'.repeat(127)}a`,
    'tag-puts-this-over-max',
    undefined,
  ],
  ['sub-dom1.foo.com/bar/baz/quux:some-long-tag', 'sub-dom1.foo.com', 'bar/baz/quux', 'some-long-tag', undefined],
  [
    'b.gcr.io/test.example.com/my-app:test.example.com',
    'b.gcr.io',
    'test.example.com/my-app',
    'test.example.com',
    undefined,
  ],
  [`xn--7o8h.com/myimage:xn--7o8h.com@${long}`, 'xn--7o8h.com', 'myimage', 'xn--7o8h.com', long],
  ['192.168.1.1:5000/repo:5050', '192.168.1.1:5000', 'repo', '5050', undefined],
  ['[2001:db8:1:2:3:4:5:6]/repo:tag', '[2001:db8:1:2:3:4:5:6]', 'repo', 'tag', undefined],
  [`[2001:db8::1]:5000/repo:tag@${digest}`, '[2001:db8::1]:5000', 'repo', 'tag', digest],
  ['[2001:db8::]:5000/repo', '[2001:db8::]:5000', 'repo', undefined, undefined],
  // A port is digits, how many ever: whether it can be reached is not for a name to say.
  ['192.168.1.1:750050/repo', '192.168.1.1:750050', 'repo', undefined, undefined],
])('%s is taken apart', (text, registry, repository, tag, given) => {
  const parts = { registry, repository, ...(tag ? { tag } : {}), ...(given ? { digest: given } : {}) };
  const { toString: _, ...found } = parseName(text);
  expect(found).toEqual(parts);
  expect(String(parseName(text))).toBe(text);
});

// The same, where it expects an error; and more.
test.each([
  ['nothing', ''],
  ['a tag alone', ':justtag'],
  ['a digest alone', `@${digest}`],
  ['a capital in the repository', 'Uppercase:tag'],
  ['a capital after the host', 'test:5000/Uppercase/lowercase:tag'],
  ['a repository of 257 characters', `a.a/${'a/'.repeat(128)}a:tag`],
  ['a repository of 256 characters', `host.io/${'x'.repeat(256)}`],
  ['signs', 'aa/asdf$$^/aa'],
  ['an address alone', '[2001:db8::1]:tag'],
  ['a zone', '[fe80::1%@invalidzone]:5000/repo'],
  ['an image id', hex],
  ['a tag that begins with a dot', 'alpine:.x'],
  ['an empty tag', 'alpine:'],
  ['a tag of 129 characters', `alpine:${'x'.repeat(129)}`],
  ['a tag with a tilde', 'registry.com:8080/myapp:invalid~tag'],
  ['a slash at the end', 'alpine/'],
  ['two slashes', 'a//b'],
  ['a way up', 'host.io/../x'],
  ['three underscores', 'a___b'],
  ['two dots', 'a..b'],
  ['a space', 'a b'],
  ['a query', 'host.io/x?y'],
  ['a scheme', 'https://host.io/x'],
  ['a port that is no number', 'localhost:http/name'],
  ['an underscore in the host', 'bad_hostname.com:8080/myapp:tag'],
  ['a dash before the dot', 'host-.io/x'],
  ['an open bracket', '[::1/x'],
  ['something after the bracket', '[fd00:1:2::3]75050/x'],
  ['a line end', 'alpine\n'],
  ['a line end in the host', 'host.io\n/alpine'],
  ['2,049 characters', `${'a.'.repeat(1022)}io/x:1`],
])('a name with %s is refused', (_, text) => {
  expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'REFERENCE_INVALID' }));
});

test.each([
  ['repo@sha256:ffffffffffffffffffffffffffffffffff', 'DIGEST_INVALID'],
  [`validname@invaliddigest:${hex}`, 'DIGEST_UNSUPPORTED'],
  [`validname@blake3:${hex}`, 'DIGEST_UNSUPPORTED'],
  ['registry.com:8080/myapp@bad', 'DIGEST_INVALID'],
  [`alpine@SHA256:${hex}`, 'DIGEST_INVALID'],
  [`alpine@sha256:${hex.toUpperCase()}`, 'DIGEST_INVALID'],
  ['user@host.io/x', 'DIGEST_INVALID'],
  [`a@${digest}@${digest}`, 'DIGEST_INVALID'],
])('%s has a wrong digest, and the error is %s', (text, code) => {
  expect(() => parseReference(text)).toThrow(expect.objectContaining({ code }));
});

test('a repository may have 255 characters', () => {
  expect(parseReference(`host.io/${'x'.repeat(255)}`).repository).toHaveLength(255);
});

test('a host whose name cannot be one is no part of the repository either', () => {
  expect(() => parseName('foo_bar.com/x')).toThrow('"foo_bar.com" is not a host');
});

test('the tag is latest where neither a tag nor a digest was given', () => {
  expect(tagNameOnly(parseName('alpine')).tag).toBe('latest');
  expect(tagNameOnly(parseName('alpine:3')).tag).toBe('3');
  expect(tagNameOnly(parseName(`alpine@${digest}`))).not.toHaveProperty('tag');
});

test('a name is given another tag or digest, and loses both', () => {
  const name = parseName(`alpine:3@${digest}`);
  const other = digestOf('other');
  expect(String(withTag(name, 'TAG5'))).toBe(`docker.io/library/alpine:TAG5@${digest}`);
  expect(String(withDigest(name, other))).toBe(`docker.io/library/alpine:3@${other}`);
  expect(String(trimReference(name))).toBe('docker.io/library/alpine');
  expect(() => withTag(name, '-foo')).toThrow(expect.objectContaining({ code: 'REFERENCE_INVALID' }));
  expect(() => withDigest(name, 'foo' as never)).toThrow(expect.objectContaining({ code: 'DIGEST_INVALID' }));
});

test('a long hostile name is refused at once', () => {
  const started = performance.now();
  const texts = [
    'a-'.repeat(1000),
    `${'a.'.repeat(1000)}/x`,
    `a${'-'.repeat(1500)}!`,
    'a'.repeat(3000),
    `a${'-'.repeat(1500)}!/x`,
  ];
  for (const text of texts) expect(() => parseReference(text)).toThrow();
  expect(performance.now() - started).toBeLessThan(1000);
});
