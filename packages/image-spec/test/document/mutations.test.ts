import { expect, test } from 'vitest';
import { checkDocument } from '../../src/check-document.ts';
import type { DocumentKind } from '../../src/document/kinds.ts';
import { parseImageConfig, parseManifest } from '../../src/document.ts';
import { ImageSpecError } from '../../src/error.ts';
import { mediaTypes } from '../../src/media-types.ts';
import { cases, type Random } from '../random.ts';
import { brokenDocuments } from './broken-documents.ts';
import { good } from './fixtures.ts';

const kinds = Object.keys(good) as DocumentKind[];
const spoilers = [changeByte, cut, insert, repeatKey, changeValue, dropKey, wrap];

// Whatever is done to a document: it is read, or what is wrong is told. No other exception, and no waiting.
test('a document that was changed by chance is read or refused, in no time', () => {
  let [read, refused, slowest] = [0, 0, 0];
  for (const { name, random } of cases(2000)) {
    const kind = random.pick(kinds);
    let content: Buffer = Buffer.from(JSON.stringify(good[kind], null, random.below(2)));
    for (let change = random.below(3); change >= 0; change--) content = random.pick(spoilers)(content, random);
    const mediaType = random.pick([mediaTypes[kind], mediaTypes[kind], '', mediaTypes[random.pick(kinds)]]);
    const started = performance.now();
    const check = checkDocument(content, mediaType);
    slowest = Math.max(slowest, performance.now() - started);
    if (check.ok) {
      read++;
      expect(Buffer.from(check.document.raw).equals(content), name).toBe(true);
    } else {
      refused++;
      for (const { path, message, offset = 0 } of check.errors) {
        expect(`${path}${message}`, name).not.toMatch(/undefined|\[object|NaN(?!")/);
        expect(offset, name).toBeLessThanOrEqual(content.length);
      }
      expect(
        thrownBy(() => parseManifest(content, { mediaType })),
        name,
      ).toBe(true);
      expect(
        thrownBy(() => parseImageConfig(content)),
        name,
      ).toBe(true);
    }
  }
  expect(read).toBeGreaterThan((read + refused) / 25);
  expect(refused).toBeGreaterThan((read + refused) / 25);
  // Milliseconds, on a machine that has other things to do.
  expect(slowest).toBeLessThan(500);
});

test('what was broken and is changed by chance throws nothing either', () => {
  for (const { name, random } of cases(1000)) {
    const [, mediaType, content] = random.pick(brokenDocuments);
    if (content.length > 100_000) continue;
    const changed = random.pick(spoilers)(Buffer.from(content as string), random);
    const check = checkDocument(random.below(2) === 0 ? changed : changed.toString('latin1'), mediaType);
    expect(check.ok || check.errors.length > 0, name).toBe(true);
  }
});

/** Whether nothing but our own error comes out of it. */
function thrownBy(action: () => unknown): boolean {
  try {
    action();
  } catch (error) {
    return error instanceof ImageSpecError && (error.problems?.length ?? 0) > 0;
  }
  return true;
}

function changeByte(content: Buffer, { below }: Random): Buffer {
  const changed = Buffer.from(content);
  if (changed.length > 0) changed[below(changed.length)] = below(256);
  return changed;
}

function cut(content: Buffer, { below }: Random): Buffer {
  const at = below(content.length + 1);
  return Buffer.concat([content.subarray(0, at), content.subarray(at + below(20))]);
}

function insert(content: Buffer, { below, pick }: Random): Buffer {
  const at = below(content.length + 1);
  const what = pick([
    '{',
    '[',
    '"',
    '\\u',
    ',',
    ':',
    '\\ud800',
    '1e999',
    '-0',
    '[[[[',
    '\ufeff',
    '\u0000',
    'null',
    '"a":',
    '9'.repeat(30),
  ]);
  return Buffer.concat([content.subarray(0, at), Buffer.from(what), content.subarray(at)]);
}

function repeatKey(content: Buffer, { pick }: Random): Buffer {
  const text = content.toString();
  const [found = ''] = pick([...text.matchAll(/"[\w.]+": ?/g), [''] as const]);
  return Buffer.from(
    text.replace(found, `${pick([found, found.toUpperCase()])}${pick(['1', 'null', '{}', '"x"'])},${found}`),
  );
}

function changeValue(content: Buffer, { pick }: Random): Buffer {
  const text = content.toString();
  const [found = ''] = pick([...text.matchAll(/(?<=: ?)("[^"]*"|\d+|\[\]|null)/g), [''] as const]);
  const values = [
    'null',
    '0',
    '-1',
    '2.5',
    '1e3',
    '""',
    '[]',
    '{}',
    'true',
    '"\\u0000"',
    `"${'x'.repeat(300)}"`,
    '9007199254740993',
    '{"__proto__":1}',
  ];
  return Buffer.from(found === '' ? text : text.replace(found, pick(values)));
}

function dropKey(content: Buffer, { pick }: Random): Buffer {
  const text = content.toString();
  const [found = ''] = pick([...text.matchAll(/"[\w.]+": ?("[^"]*"|\d+),\s*/g), [''] as const]);
  return Buffer.from(text.replace(found, ''));
}

function wrap(content: Buffer, { below, pick }: Random): Buffer {
  const deep = below(80);
  const [open, close] = pick([
    ['[', ']'],
    ['{"a":', '}'],
  ] as const);
  return Buffer.from(content.toString().replace(/\d+|null/, (value) => open.repeat(deep) + value + close.repeat(deep)));
}
