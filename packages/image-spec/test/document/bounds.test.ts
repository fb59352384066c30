import { expect, test } from 'vitest';
import { checkDocument } from '../../src/check-document.ts';
import { layer, manifest } from './fixtures.ts';

const text = (document: unknown) => JSON.stringify(document);

test('a document that is too long is not read', () => {
  const long = `{"x":"${'x'.repeat(4 * 1024 * 1024)}"}`;
  for (const content of [long, Buffer.from(long)]) {
    expect(checkDocument(content, '')).toMatchObject({ ok: false, errors: [{ code: 'DOCUMENT_TOO_LARGE' }] });
  }
});

test('of a thousand problems a hundred are told', () => {
  const layers = Array.from({ length: 1000 }, () => ({}));
  const check = checkDocument(text({ ...manifest, layers }), '');
  expect(check.ok ? 0 : check.errors.length).toBe(100);
});

test('of a thousand oddities a hundred are told', () => {
  const layers = Array.from({ length: 1000 }, () => ({ ...layer, mediaType: 'a/b' }));
  expect(checkDocument(text({ ...manifest, layers }), '')).toMatchObject({ ok: true, warnings: { length: 100 } });
});

// Each has 4 MB. Before there were bounds, the first took 23 s.
test.each([
  ['empty layers', `{"layers":[${'{},'.repeat(1_300_000)}{}]}`],
  ['layers within the bound', `{"layers":[${'{},'.repeat(190_000)}{}]}`],
  ['numbers', `{"layers":[${'9'.repeat(19)}${`,${'9'.repeat(19)}`.repeat(200_000)}]}`],
  ['keys', `{${'"a":1,'.repeat(600_000)}"b":1}`],
  ['lines', `${'\n'.repeat(4_000_000)}${text({ ...manifest, layers: Array(200).fill({}) })}`],
  ['a long text', `{"mediaType":"${'\\u0041'.repeat(600_000)}"}`],
  ['good layers', text({ ...manifest, layers: Array(25_000).fill(layer) })],
])('a document that is nothing but %s does not keep anybody waiting', (_, content) => {
  // Of the processor: how long it takes is also a matter of what else the machine does.
  const started = process.cpuUsage();
  checkDocument(content, '');
  expect(process.cpuUsage(started).user).toBeLessThan(4_000_000);
});
