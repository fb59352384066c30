import { expect, test } from 'vitest';
import { formatBytes, formatMicros, parseSize } from '../../src/cli/sizes.ts';

test.each([
  ['4096', 4096],
  ['256M', 256 * 2 ** 20],
  ['256MiB', 256 * 2 ** 20],
  ['1.5g', 1.5 * 2 ** 30],
  ['7B', 7],
  ['max', 'max'],
  ['2T', 2 ** 41],
])('%s is a size', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each(['', 'M', '-1', '1e6', '5X', '1 M', 'infinity', '0x10'])('%j is no size', (text) => {
  expect(parseSize(text)).toBeUndefined();
});

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1 KiB'],
  [1536, '1.5 KiB'],
  [1024 ** 2 - 1, '1.0 MiB'],
  [200.4 * 1024, '200 KiB'],
  [64 * 1024 ** 2, '64 MiB'],
  [3e15, '2.7 PiB'],
  [Number.POSITIVE_INFINITY, 'max'],
  [Number.NaN, '-'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0, '0 µs'],
  [999.4, '999 µs'],
  [1_000, '1 ms'],
  [999_499, '999 ms'],
  [999_500, '1.00 s'],
  [2_310_000, '2.31 s'],
  [99_994_000, '99.99 s'],
  [99_996_000, '1 min 40 s'],
  [3_599_600_000, '1 h 0 min'],
  [7_500_000_000, '2 h 5 min'],
  [Number.NaN, '-'],
])('%d microseconds are %s', (micros, text) => {
  expect(formatMicros(micros)).toBe(text);
});
