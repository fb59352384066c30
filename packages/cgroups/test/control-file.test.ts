import { expect, test } from 'vitest';
import { parseKeys, parseNumber } from '../src/control-file.ts';

test('no limit is Infinity, whether the kernel writes max, -1 or the pages that fit into 2^63', () => {
  expect(['max', '-1', '9223372036854771712', '67108864'].map(parseNumber)).toEqual([
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    67_108_864,
  ]);
});

test('a file of keys is a map of numbers', () => {
  expect(parseKeys('oom_kill_disable 0\nunder_oom 0\noom_kill 3').get('oom_kill')).toBe(3);
});
