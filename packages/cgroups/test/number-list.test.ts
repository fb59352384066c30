import { expect, test } from 'vitest';
import { numbersOf, parseNumberList } from '../src/number-list.ts';

test('a list is numbers and ranges', () => {
  expect(parseNumberList('0-2,7')).toEqual([0, 1, 2, 7]);
  expect(parseNumberList('3')).toEqual([3]);
  expect(parseNumberList('')).toEqual([]);
});

test('numbers come out in order, and once', () => {
  expect(parseNumberList('7,1-3,2')).toEqual([1, 2, 3, 7]);
});

test.each(['0..2', '0-', '-1', '1,', ',', ' 0', '0\n', '0x1', '0-2:1/2', 'all', '3-1', '8192', '0-99999999999'])(
  '%j is no list',
  (text) => {
    expect(parseNumberList(text)).toEqual({ problem: expect.any(String) });
    expect(numbersOf(text)).toEqual([]);
  },
);
