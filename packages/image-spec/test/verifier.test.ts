import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { digestOf } from '../src/digest.ts';
import { Verifier, verify } from '../src/verifier.ts';

const content = Buffer.from('a layer');
const expected = { digest: digestOf(content), size: content.length };

test('content of the right size and digest passes', async () => {
  expect(await buffer(Readable.from([content]).pipe(verify(expected)))).toEqual(content);
});

test('content of an unknown kind is measured', () => {
  const verifier = new Verifier();
  verifier.update(content);
  expect(verifier.finish()).toEqual(expected);
});

test('sha512 content is checked with sha512', () => {
  const digest = digestOf(content, 'sha512');
  const verifier = new Verifier({ digest });
  verifier.update(content);
  expect(verifier.finish().digest).toBe(digest);
});

test('content that is too long fails with the first chunk that is too much', () => {
  const verifier = new Verifier({ size: 10 });
  verifier.update(Buffer.alloc(10));
  expect(() => verifier.update(Buffer.alloc(1))).toThrow(expect.objectContaining({ code: 'SIZE_MISMATCH' }));
});

test('content that is too short fails at its end', () => {
  const verifier = new Verifier(expected);
  verifier.update(content.subarray(1));
  expect(() => verifier.finish()).toThrow(expect.objectContaining({ code: 'SIZE_MISMATCH' }));
});

test('content with one byte changed fails at its end', async () => {
  const wrong = Buffer.from(content);
  wrong[3] = 0;
  const stream = Readable.from([wrong]);
  await expect(buffer(stream.pipe(verify(expected)))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
});

test('a digest told at the end has to be of the algorithm that was used', () => {
  const verifier = new Verifier();
  expect(() => verifier.finish({ digest: digestOf('', 'sha512') })).toThrow(
    expect.objectContaining({ code: 'DIGEST_UNSUPPORTED' }),
  );
});
