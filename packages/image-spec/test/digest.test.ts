import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Digest, digestAlgorithm, digestOf, isDigest, parseDigest } from '../src/digest.ts';

const sha256 = `sha256:${'a'.repeat(64)}`;
const sha512 = `sha512:${'0'.repeat(128)}`;

test('sha256 and sha512 digests are read as they stand', () => {
  expect(parseDigest(sha256)).toBe(sha256);
  expect(parseDigest(sha512)).toBe(sha512);
});

test.each([
  ['capital digits', `sha256:${'A'.repeat(64)}`],
  ['a digit too few', `sha256:${'a'.repeat(63)}`],
  ['a digit too many', `sha256:${'a'.repeat(65)}`],
  ['the length of another algorithm', `sha512:${'a'.repeat(64)}`],
  ['no algorithm', 'a'.repeat(64)],
  ['a path', `sha256:../../${'a'.repeat(58)}`],
  ['a line end', `${sha256}\n`],
  ['nothing', ''],
])('a digest with %s is refused', (_, text) => {
  expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: 'DIGEST_INVALID' }));
  expect(isDigest(text)).toBe(false);
});

test('a registered algorithm that is missing here is called unsupported, not invalid', () => {
  expect(() => parseDigest(`blake3:${'a'.repeat(64)}`)).toThrow(
    expect.objectContaining({ code: 'DIGEST_UNSUPPORTED' }),
  );
});

test.each([
  `sha256+b64:${'a'.repeat(64)}`,
  'multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8',
  'constructor:x',
])('so is one that is not registered: %s', (text) => {
  expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: 'DIGEST_UNSUPPORTED' }));
});

test('a registered algorithm that is missing here has its number of digits, too', () => {
  expect(() => parseDigest(`blake3:${'a'.repeat(63)}`)).toThrow('blake3 has 64 lower-case hexadecimal digits');
});

test('the digest of bytes is that of their algorithm', () => {
  // FIPS 180-2, appendix B.1
  expect(digestOf('abc')).toBe('sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(digestOf(Buffer.from('abc'), 'sha512')).toBe(`sha512:${createHash('sha512').update('abc').digest('hex')}`);
});

test('what a document names by an algorithm that is missing here is not taken for another', () => {
  expect(digestAlgorithm(digestOf('x', 'sha512'))).toBe('sha512');
  for (const digest of ['foo+bar:abc', `sha256+b64:${'a'.repeat(64)}`]) {
    expect(() => digestAlgorithm(digest as Digest)).toThrow(expect.objectContaining({ code: 'DIGEST_UNSUPPORTED' }));
  }
});
