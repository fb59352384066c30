import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import * as all from '../src/core.ts';
import * as digest from '../src/doors/digest.ts';
import * as platform from '../src/doors/platform.ts';
import * as reference from '../src/doors/reference.ts';
import * as index from '../src/index.ts';

const source = fileURLToPath(new URL('../src', import.meta.url));

/** What a file imports when it is loaded, and what that does: files of ours, and modules of others. Types are not loaded. */
function reached(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  for (const [, names = '', from = ''] of text.matchAll(/^(?:import|export) (?!type )([^'"]*?) ?from '([^']+)';/gms)) {
    const values = names
      .replace(/[{}*]/g, '')
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean);
    if (values.length > 0 && values.every((name) => name.startsWith('type '))) continue;
    if (from.startsWith('.')) reached(join(dirname(file), from), seen);
    else seen.add(from);
  }
  for (const [, from = ''] of text.matchAll(/^import ['](.+)['];/gm)) seen.add(from);
  return seen;
}

describe.each([
  ['digest', digest],
  ['reference', reference],
  ['platform', platform],
])('the door %s', (name, door) => {
  const files = [...reached(join(source, 'doors', `${name}.ts`))];

  test('leads to no schemas, and to nothing that takes long', () => {
    expect(files.filter((file) => file === 'zod' || !/^(node:|\/)/.test(file))).toEqual([]);
    expect(files.filter((file) => file.startsWith('node:') && file !== 'node:fs')).toEqual([]);
  });

  test('offers what the large one does', () => {
    for (const [key, value] of Object.entries(door)) expect((index as Record<string, unknown>)[key], key).toBe(value);
    expect(Object.keys(door).length).toBeGreaterThan(3);
  });

  test('is built of files that are in the core, to which it leads', () => {
    const core = [...reached(join(source, 'core.ts'))];
    expect(files.filter((file) => !file.includes('/doors/') && !core.includes(file))).toEqual([]);
    for (const [key, value] of Object.entries(door)) expect((all as Record<string, unknown>)[key], key).toBe(value);
  });
});

test('the large door has schemas; so this check can fail', () => {
  expect([...reached(join(source, 'index.ts'))]).toContain('zod');
});

test('the core consists of what it lists', () => {
  const core = join(source, 'core.ts');
  const listed = [...readFileSync(core, 'utf8').matchAll(/from '\.\/(.+)';/g)].map(([, file = '']) =>
    join(source, file),
  );
  expect(listed.every((file) => existsSync(file))).toBe(true);
  expect([...reached(core)].filter((file) => file.startsWith('/') && file !== core && !listed.includes(file))).toEqual(
    [],
  );
});
