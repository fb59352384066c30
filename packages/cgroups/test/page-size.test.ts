import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { pageSize, pageSizeIn } from '../src/page-size.ts';

test.skipIf(process.platform !== 'linux')('a page is as long as getconf says', () => {
  expect(pageSize()).toBe(Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' })));
});

test('its length is found among what the kernel tells a program', () => {
  const vector = Buffer.alloc(48);
  vector.writeBigUInt64LE(33n, 0);
  vector.writeBigUInt64LE(0x7ffd_0000_0000n, 8);
  vector.writeBigUInt64LE(6n, 16);
  vector.writeBigUInt64LE(65_536n, 24);
  expect(pageSizeIn(vector)).toBe(65_536);
  expect(pageSizeIn(vector.subarray(32))).toBeUndefined();
});
