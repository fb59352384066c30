import { expect, test } from 'vitest';
import { decodeText, locator } from '../../src/json/text.ts';

test('bytes in UTF-8 are read as they stand, also those of the sign for what cannot be read', () => {
  for (const text of ['', 'ä €😀', '\ufffd', 'a\ufffd\ufffdb', '\ufeffx']) {
    expect(decodeText(Buffer.from(text))).toMatchObject({ text });
    expect(decodeText(text)).toMatchObject({ text, bytes: Buffer.from(text) });
  }
});

test.each([
  ['Latin-1', Buffer.from('aé', 'latin1'), 1],
  ['a character cut short', Buffer.from('ä€').subarray(0, 4), 2],
  ['an overlong slash', Buffer.from([0x2f, 0xc0, 0xaf]), 1],
  ['half of a pair', Buffer.from([0x61, 0xed, 0xa0, 0x80]), 1],
  ['beyond Unicode', Buffer.from([0xf4, 0x90, 0x80, 0x80]), 0],
  ['after a genuine sign', Buffer.concat([Buffer.from('\ufffd€\ufffd'), Buffer.from([0xff, 0x61])]), 9],
])('bytes that are not UTF-8 are found: %s', (_, bytes, invalidAt) => {
  expect(decodeText(bytes)).toEqual({ invalidAt });
});

test('a text with half a character is no text', () => {
  expect(decodeText('äb\ud83d')).toEqual({ invalidAt: 3 });
});

test('a place is told in bytes, lines and columns', () => {
  const locate = locator('ä\nbc\n\nd');
  expect(locate(0)).toEqual({ offset: 0, line: 1, column: 1 });
  expect(locate(1)).toEqual({ offset: 2, line: 1, column: 2 });
  expect(locate(3)).toEqual({ offset: 4, line: 2, column: 2 });
  expect(locate(3)).toEqual({ offset: 4, line: 2, column: 2 });
  expect(locate(6)).toEqual({ offset: 7, line: 4, column: 1 });
});
