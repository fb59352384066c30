import { expect, test } from 'vitest';
import { formatPlatform, hostPlatform, parsePlatform } from '../src/platform.ts';

test.each([
  ['linux/amd64', 'linux/amd64'],
  ['linux/x86_64', 'linux/amd64'],
  ['Linux/AMD64/v1', 'linux/amd64'],
  ['linux/amd64/v3', 'linux/amd64/v3'],
  ['linux/aarch64', 'linux/arm64'],
  ['linux/arm64/v8', 'linux/arm64'],
  ['linux/arm64/8', 'linux/arm64'],
  ['linux/arm', 'linux/arm/v7'],
  ['linux/arm/6', 'linux/arm/v6'],
  ['linux/armhf', 'linux/arm/v7'],
  ['linux/armel', 'linux/arm/v6'],
  ['linux/i386', 'linux/386'],
  ['riscv64', 'linux/riscv64'],
])('%s means %s', (text, meaning) => {
  expect(formatPlatform(parsePlatform(text))).toBe(meaning);
});

test.each(['', 'linux/', 'a/b/c/d', 'linux/arm 64'])('%j is no platform', (text) => {
  expect(() => parsePlatform(text)).toThrow(expect.objectContaining({ code: 'PLATFORM_INVALID' }));
});

test('containers are for Linux on this processor', () => {
  const names: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };
  expect(hostPlatform()).toMatchObject({ os: 'linux', architecture: names[process.arch] ?? expect.any(String) });
});
