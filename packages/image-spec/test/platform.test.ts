import { expect, test } from 'vitest';
import { formatPlatform, normalizePlatform } from '../src/platform.ts';

const parts = (text: string) => {
  const [os = '', architecture = '', variant] = text.split('/');
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
};

// https://github.com/containerd/platforms/blob/main/database.go
test.each([
  ['linux/amd64', 'linux/amd64'],
  ['linux/x86_64', 'linux/amd64'],
  ['linux/x86-64', 'linux/amd64'],
  ['Linux/AMD64/v1', 'linux/amd64'],
  ['linux/amd64/v3', 'linux/amd64/v3'],
  ['linux/aarch64', 'linux/arm64'],
  ['linux/arm64/v8', 'linux/arm64'],
  ['linux/arm64/V8.0', 'linux/arm64'],
  ['linux/arm64/8', 'linux/arm64'],
  ['linux/arm64/9.0', 'linux/arm64/v9'],
  ['linux/arm64/v9.0', 'linux/arm64/v9'],
  ['linux/arm64/v9.2', 'linux/arm64/v9.2'],
  ['linux/arm', 'linux/arm/v7'],
  ['linux/arm/6', 'linux/arm/v6'],
  ['linux/arm/5', 'linux/arm/v5'],
  ['linux/arm/8', 'linux/arm/v8'],
  ['linux/armhf/v6', 'linux/arm/v7'],
  ['linux/armel', 'linux/arm/v6'],
  ['linux/i386/x', 'linux/386'],
  ['macOS/arm64', 'darwin/arm64'],
  ['/riscv64', 'linux/riscv64'],
  ['linux/RISCV64/RVA23U64', 'linux/riscv64/rva23u64'],
])('%s means %s', (text, meaning) => {
  expect(formatPlatform(normalizePlatform(parts(text)))).toBe(meaning);
});

test('features are sorted, and each is there once', () => {
  const platform = { os: 'linux', architecture: 'amd64', 'os.features': ['b', 'a', 'b'] };
  expect(normalizePlatform(platform)['os.features']).toEqual(['a', 'b']);
  expect(platform['os.features']).toEqual(['b', 'a', 'b']);
});

test('a platform keeps what the specification does not know', () => {
  expect(normalizePlatform({ os: 'linux', architecture: 'amd64', features: ['sse4'] })).toMatchObject({
    features: ['sse4'],
  });
});

// https://github.com/containerd/platforms/blob/main/platforms_test.go, TestFormatAllEncoding
test.each([
  [
    { os: 'windows', 'os.version': '10.0.17763+build.42', architecture: 'amd64' },
    'windows(10.0.17763%2Bbuild.42)/amd64',
  ],
  [
    { os: 'windows', 'os.version': '10.0.17763+build.42', 'os.features': ['win32k'], architecture: 'amd64' },
    'windows(10.0.17763%2Bbuild.42+win32k)/amd64',
  ],
  [{ os: 'windows', 'os.version': '50%done', architecture: 'amd64' }, 'windows(50%25done)/amd64'],
  [{ os: 'windows', 'os.version': '1.0(beta)', architecture: 'amd64' }, 'windows(1.0%28beta%29)/amd64'],
  [{ os: 'windows', 'os.version': 'a/b', architecture: 'amd64' }, 'windows(a%2Fb)/amd64'],
  [{ os: 'windows', 'os.version': '10.0.17763', architecture: 'amd64' }, 'windows(10.0.17763)/amd64'],
  [{ os: 'linux', 'os.features': ['feat+v2'], architecture: 'amd64' }, 'linux(+feat%2Bv2)/amd64'],
  [{ os: 'linux', 'os.features': ['100%gpu'], architecture: 'amd64' }, 'linux(+100%25gpu)/amd64'],
  [
    { os: 'windows', 'os.version': '10.0+build', 'os.features': ['feat+1'], architecture: 'amd64' },
    'windows(10.0%2Bbuild+feat%2B1)/amd64',
  ],
  [{ os: 'linux', 'os.features': ['', 'simd', 'gpu', '', 'gpu'], architecture: 'amd64' }, 'linux(+gpu+simd)/amd64'],
  [{ os: '', architecture: 'amd64' }, 'unknown'],
])('%j is written with its options as %s', (platform, text) => {
  expect(formatPlatform(platform, { osOptions: true })).toBe(text);
});
