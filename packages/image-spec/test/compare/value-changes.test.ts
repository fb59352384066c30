import { expect, test } from 'vitest';
import { valueChanges } from '../../src/compare/value-changes.ts';

test('what differs is told by its JSON path, with both values', () => {
  const before = { os: 'linux', config: { Env: ['A=1', 'B=2'], Labels: { 'a.b': '1' }, Cmd: null }, gone: { x: [1] } };
  const after = { os: 'linux', config: { Env: ['A=1', 'B=3', 'C=4'], Labels: { 'a.b': '2' }, Cmd: ['sh'] }, there: 0 };
  expect(valueChanges(before, after)).toEqual([
    { path: 'config.Env[1]', before: 'B=2', after: 'B=3' },
    { path: 'config.Env[2]', after: 'C=4' },
    { path: 'config.Labels["a.b"]', before: '1', after: '2' },
    { path: 'config.Cmd', before: null, after: ['sh'] },
    { path: 'gone', before: { x: [1] } },
    { path: 'there', after: 0 },
  ]);
});

test('a list is not an object with numbers for names, and equal documents do not differ', () => {
  expect(valueChanges({ a: ['x'] }, { a: { 0: 'x' } })).toHaveLength(1);
  expect(valueChanges({ a: 1, b: [{}] }, { b: [{}], a: 1 })).toEqual([]);
});

test('a name that every object knows is one like others', () => {
  const after = { constructor: 'x', toString: 'y' };
  expect(valueChanges({}, after)).toEqual([
    { path: 'constructor', after: 'x' },
    { path: 'toString', after: 'y' },
  ]);
});
