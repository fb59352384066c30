import { expect, test } from 'vitest';
import { Descriptor, describe } from '../src/descriptor.ts';
import { digestOf } from '../src/digest.ts';

const valid = { mediaType: 'application/octet-stream', digest: digestOf('{}'), size: 2 };

test('unknown fields survive', () => {
  expect(Descriptor.parse({ ...valid, 'x.new': { deep: [1] } })).toEqual({ ...valid, 'x.new': { deep: [1] } });
});

test('the data of the empty descriptor of the specification is accepted', () => {
  expect(Descriptor.safeParse({ ...valid, data: 'e30=' }).success).toBe(true);
});

test.each([
  ['a negative size', { size: -1 }],
  ['half a byte', { size: 1.5 }],
  ['a size that JavaScript cannot count', { size: 2 ** 53 }],
  ['a size in a string', { size: '2' }],
  ['a media type without subtype', { mediaType: 'text' }],
  ['a media type with a line end', { mediaType: 'text/plain\n' }],
  ['a wrong digest', { digest: 'sha256:0' }],
  ['an annotation without a key', { annotations: { '': 'x' } }],
  ['an annotation that is no text', { annotations: { key: 1 } }],
  ['data without padding', { data: 'e30' }],
  ['data of another size', { data: 'e30K' }],
  ['data of another digest', { data: 'e1s=' }],
  ['data and no digest to compare it with', { data: 'e30=', digest: 'md5:0' }],
  ['a URL without a scheme', { urls: ['//example.com/x'] }],
])('a descriptor with %s is refused', (_, change) => {
  expect(Descriptor.safeParse({ ...valid, ...change }).success).toBe(false);
});

test.each([`blake3:${'a'.repeat(64)}`, 'md5:0'])('a descriptor may name what cannot be verified here: %s', (digest) => {
  expect(Descriptor.parse({ ...valid, digest })).toEqual({ ...valid, digest });
});

test('bytes are described by type, digest and size', () => {
  expect(describe(Buffer.from('{}'), 'application/octet-stream')).toEqual(valid);
});
