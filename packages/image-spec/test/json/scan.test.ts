import { expect, test } from 'vitest';
import { maxDepth } from '../../src/json/limits.ts';
import { scanJson } from '../../src/json/scan.ts';
import { random } from '../random.ts';

const kinds = (text: string) => scanJson(text).map(({ kind }) => kind);
const first = (text: string) => scanJson(text)[0];

test.each([
  '{}',
  ' [ ] ',
  'null',
  '"\\u00e9\\n\\"\\/"',
  '-0.5e+7',
  '{"a":[1,2,{"b":null}],"c":{"a":true}}',
  `${'['.repeat(maxDepth)}${']'.repeat(maxDepth)}`,
  `"${'x'.repeat(1_000_000)}\\n"`,
])('%.40s is read without a finding', (text) => {
  expect(scanJson(text)).toEqual([]);
});

test.each([
  ['', 'it is not JSON: it is empty', 0],
  ['<html>', 'it is not JSON: expected a value, found "<"', 0],
  ['\ufeff{}', 'it is not JSON: it begins with a byte order mark', 0],
  ['{"a":1,}', 'it is not JSON: expected a key in quotes, found "}"', 7],
  ['{"a" 1}', 'it is not JSON: expected a colon after the key, found "1"', 5],
  ['{"a":1 "b":2}', 'it is not JSON: expected a comma or the end of the object, found "\\""', 7],
  ['{"a":1', 'it is not JSON: expected a comma or the end of the object, found the end', 6],
  ["{'a':1}", `it is not JSON: expected a key in quotes, found "'"`, 1],
  ['[1,]', 'it is not JSON: expected a value, found "]"', 3],
  ['[1 2]', 'it is not JSON: expected a comma or the end of the list, found "2"', 3],
  ['[01]', 'it is not JSON: expected a comma or the end of the list, found "1"', 2],
  ['[1.]', 'it is not JSON: expected a comma or the end of the list, found "."', 2],
  ['[+1]', 'it is not JSON: expected a value, found "+"', 1],
  ['[NaN]', 'it is not JSON: expected a value, found "N"', 1],
  ['[truth]', 'it is not JSON: expected a value, found "t"', 1],
  ['"a\nb"', 'it is not JSON: "\\n" has to be escaped', 2],
  ['"a\\x41"', 'it is not JSON: there is no such escape', 2],
  ['"a\\u12"', 'it is not JSON: there is no such escape', 2],
  ['"abc', 'it is not JSON: it ends within a text in quotes', 4],
  ['{} {}', 'it is not JSON: "{" follows the end of the document', 3],
  ['// comment\n{}', 'it is not JSON: expected a value, found "/"', 0],
])('%j is not JSON, and the place is told', (text, message, offset) => {
  expect(first(text)).toMatchObject({ kind: 'syntax', message, offset });
  expect(() => JSON.parse(text)).toThrow();
});

test('a key that is there twice is found, however it is written', () => {
  expect(first('{"a":{"digest":1,"x":2,"dig\\u0065st":3}}')).toEqual({
    kind: 'duplicate',
    message: 'the key "digest" is there twice',
    path: ['a', 'digest'],
    offset: 23,
  });
  expect(kinds('{"__proto__":1,"__proto__":2}')).toEqual(['duplicate']);
  expect(kinds('[{"a":1},{"a":1}]')).toEqual([]);
});

test('keys that differ in capitals alone are found', () => {
  expect(first('{"layers":[],"Layers":[]}')).toMatchObject({ kind: 'similar', path: ['Layers'] });
  expect(first('{"A":1,"a":1,"A":2}')).toMatchObject({ kind: 'similar', path: ['a'] });
  expect(kinds('{"A":1,"a":1,"A":2}')).toEqual(['similar', 'duplicate']);
  // Go takes the long s and the sign of the Kelvin for s and k.
  expect(kinds('{"layers":[],"layerſ":[]}')).toEqual(['similar']);
  expect(kinds('{"k":1,"K":1}')).toEqual(['similar']);
});

test.each([
  ['9007199254740991', undefined],
  ['-9007199254740991', undefined],
  ['9007199254740992', '9007199254740992 is beyond 2^53 - 1, from where on digits are lost'],
  ['9223372036854775807', '9223372036854775807 is beyond 2^53 - 1, from where on digits are lost'],
  ['9223372036854775808', '9223372036854775808 is beyond the 64 bits of any number in a document'],
  ['-9223372036854775808', '-9223372036854775808 is beyond 2^53 - 1, from where on digits are lost'],
  ['-9223372036854775809', '-9223372036854775809 is beyond the 64 bits of any number in a document'],
  ['1e999', '1e999 is more than any number that computers count with'],
  ['1.5', undefined],
  ['0.1234567890123456789', undefined],
])('of %s it says %j', (number, message) => {
  expect(first(`[${number}]`)?.message).toBe(message);
});

test('half a character is found', () => {
  expect(kinds('["\\ud83d\\ude00"]')).toEqual([]);
  expect(kinds('["\\ud83d"]')).toEqual(['half-character']);
});

test('nesting has an end, before the stack has', () => {
  for (const open of ['[', '{"a":']) {
    const started = performance.now();
    expect(first(open.repeat(1_000_000))).toMatchObject({
      kind: 'depth',
      message: `it nests more than ${maxDepth} deep`,
    });
    expect(performance.now() - started).toBeLessThan(1000);
  }
});

test('findings have an end, too', () => {
  expect(scanJson(`{${'"a":1,'.repeat(100_000)}"b":1}`)).toHaveLength(100);
});

test('places and numbers are told as they stand', () => {
  const values: string[] = [];
  const numbers: string[] = [];
  scanJson('{"a": [1e3, "x"]}', {
    onValue: (path, offset) => values.push(`${path.join('.')}@${offset}`),
    onNumber: (path, written) => numbers.push(`${path.join('.')}=${written}`),
  });
  expect(values).toEqual(['@0', 'a@6', 'a.0@7', 'a.1@12']);
  expect(numbers).toEqual(['a.0=1e3']);
});

test('it takes the texts that JSON.parse takes, and no others', () => {
  const { below, pick } = random(1);
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    '"a"',
    '"b":',
    '1',
    '-',
    '.5',
    'e3',
    '0',
    'true',
    'null',
    ' ',
    '\\',
    '\n',
  ];
  const seeds = ['{"a":[1,{"b":null}],"c":"x\\n"}', '[[],{},"",0.5e-1,true,false]', '{"a":{"a":{"a":1}}}'];
  let taken = 0;
  for (let round = 0; round < 5000; round++) {
    let text = pick(seeds);
    for (let change = below(4); change >= 0; change--) {
      const at = below(text.length + 1);
      text = text.slice(0, at) + (below(3) === 0 ? '' : pick(pieces)) + text.slice(at + below(3));
    }
    const good = scanJson(text).every(({ kind }) => kind !== 'syntax');
    expect(good, text).toBe(isJson(text));
    taken += Number(good);
  }
  expect(taken).toBeGreaterThan(100);
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
