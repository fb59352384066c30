import { expect, test } from 'vitest';
import { compareNaturally, readVersion, runsVariant } from '../src/platform-variant.ts';

// https://github.com/containerd/platforms/blob/main/variant_test.go
test.each([
  ['v3', { prefix: 'v', numbers: [3], suffix: '' }],
  ['v8.5', { prefix: 'v', numbers: [8, 5], suffix: '' }],
  ['power10', { prefix: 'power', numbers: [10], suffix: '' }],
  ['rva23u64', { prefix: 'rva', numbers: [23], suffix: 'u64' }],
  ['10.0.17763.1', { prefix: '', numbers: [10, 0, 17763, 1], suffix: '' }],
  ['v8.3.1', { prefix: 'v', numbers: [8, 3, 1], suffix: '' }],
  ['v8.', { prefix: 'v', numbers: [8], suffix: '.' }],
  ['', undefined],
  ['custom', undefined],
  ['v99999999999999999999', undefined],
])('%j is taken apart', (variant, parts) => {
  expect(readVersion(variant)).toEqual(parts);
});

test.each([
  ['amd64', 'v1000000000', 'v999999999', true],
  ['amd64', 'v5', 'v6', false],
  ['amd64', 'v3', 'v0', false],
  ['ppc64le', 'power10', 'power10', true],
  ['ppc64le', 'power10', 'power8', true],
  ['ppc64le', 'power8', 'power10', false],
  ['ppc64le', 'power10', '', true],
  ['ppc64le', '', '', true],
  ['ppc64le', '', 'power8', false],
  ['riscv64', 'power10', 'rva20u64', false],
  ['riscv64', 'rva23u64', 'rva20s64', false],
  ['riscv64', 'rva23u64', 'rva20u64', true],
  ['arm64', 'v9.6', 'v8.9', true],
  ['arm64', 'v9.6', 'v8.10', false],
  ['arm64', 'v9', 'v8.5', true],
  ['arm64', 'v9', 'v8.6', false],
  ['arm64', 'v8.1', 'v9', false],
  ['arm64', 'v9.8', 'v9.0', true],
  ['arm64', 'v9.8', 'v8.9', true],
  ['arm64', '', 'v8', true],
  ['arm64', 'v9.6', 'v8.9.1', false],
  ['arm64', 'x9', 'x8', false],
])('%s of variant %j runs %j: %j', (architecture, host, image, does) => {
  expect(runsVariant(architecture, host, image)).toBe(does);
});

test.each([
  ['power9', 'power10', -1],
  ['v8.5', 'v8.10', -1],
  ['rva20u64', 'rva23u64', -1],
  ['v9', 'v9', 0],
  ['v9', 'v9.0', -1],
  ['', 'a', -1],
  ['9', '09', -1],
  ['abc', 'abd', -1],
])('%j and %j are in order: %j', (a, b, order) => {
  expect(Math.sign(compareNaturally(a, b))).toBe(order);
  expect(Math.sign(compareNaturally(b, a))).toBe(0 - order);
});
