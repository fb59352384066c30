import { expect, test } from 'vitest';
import type { Descriptor } from '../src/descriptor.ts';
import { digestOf } from '../src/digest.ts';
import { mediaTypes } from '../src/media-types.ts';
import { formatPlatform } from '../src/platform.ts';
import { platformMatcher, selectPlatform } from '../src/platform-match.ts';
import { parsePlatform } from '../src/platform-text.ts';

const all = [
  'linux/amd64 linux/amd64/v1 linux/amd64/v2 linux/amd64/v3 linux/amd64/v4 linux/386',
  'linux/arm linux/arm/v4 linux/arm/v5 linux/arm/v6 linux/arm/v7 linux/arm/v8 linux/arm/v9',
  'linux/arm64 linux/arm64/v7 linux/arm64/v8 linux/arm64/v8.1 linux/arm64/v8.5 linux/arm64/v8.6 linux/arm64/v8.9',
  'linux/arm64/v8.10 linux/arm64/v9 linux/arm64/v9.0 linux/arm64/v9.4 linux/arm64/v9.5 linux/arm64/v9.9 linux/arm64/v10',
  'linux/ppc64le linux/ppc64le/power8 linux/ppc64le/power9 linux/ppc64le/power10 linux/ppc64le/power11',
  'linux/riscv64 linux/riscv64/rva20u64 linux/riscv64/rva23u64 linux/riscv64/rva24u64 linux/riscv64/rva20s64',
  'windows/amd64 windows/arm windows(10.0.17763)/amd64',
]
  .join(' ')
  .split(' ');

const arm = 'linux/arm/v5 linux/arm/v6 linux/arm/v7 linux/arm linux/arm/v8';

// https://github.com/containerd/platforms/blob/main/compare_test.go, TestOnly: what is not named does not match.
test.each([
  ['linux/amd64', 'linux/amd64 linux/amd64/v1 linux/386'],
  ['linux/amd64/v2', 'linux/amd64 linux/amd64/v1 linux/amd64/v2 linux/386'],
  ['linux/amd64/v4', 'linux/amd64 linux/amd64/v1 linux/amd64/v2 linux/amd64/v3 linux/amd64/v4 linux/386'],
  ['linux/386', 'linux/386'],
  ['windows/amd64', 'windows/amd64 windows(10.0.17763)/amd64'],
  ['linux/arm/v8', arm],
  ['linux/arm/v7', arm.replace(' linux/arm/v8', '')],
  ['linux/arm/v6', 'linux/arm/v5 linux/arm/v6'],
  ['linux/arm/v5', 'linux/arm/v5'],
  ['linux/arm/v4', 'linux/arm/v4'],
  ['linux/arm64', `${arm} linux/arm64 linux/arm64/v8`],
  ['linux/arm64/v8.1', `${arm} linux/arm64 linux/arm64/v8 linux/arm64/v8.1`],
  [
    'linux/arm64/v9',
    `${arm} linux/arm64 linux/arm64/v8 linux/arm64/v8.1 linux/arm64/v8.5 linux/arm64/v9 linux/arm64/v9.0`,
  ],
  [
    'linux/arm64/v9.6',
    `${arm} linux/arm64 linux/arm64/v8 linux/arm64/v8.1 linux/arm64/v8.5 linux/arm64/v8.6 linux/arm64/v8.9 ` +
      'linux/arm64/v9 linux/arm64/v9.0 linux/arm64/v9.4 linux/arm64/v9.5',
  ],
  ['linux/ppc64le/power10', 'linux/ppc64le linux/ppc64le/power8 linux/ppc64le/power9 linux/ppc64le/power10'],
  ['linux/ppc64le', 'linux/ppc64le'],
  ['linux/riscv64/rva23u64', 'linux/riscv64 linux/riscv64/rva20u64 linux/riscv64/rva23u64'],
])('%s runs %s, and nothing else', (host, runs) => {
  const { matches } = platformMatcher(parsePlatform(host));
  expect(all.filter((platform) => matches(parsePlatform(platform))).sort()).toEqual(runs.split(' ').sort());
});

// The same, TestOnlyStrict.
test.each([
  ['linux/amd64', 'linux/amd64 linux/amd64/v1'],
  ['linux/386', 'linux/386'],
  ['windows/amd64', 'windows/amd64 windows(10.0.17763)/amd64'],
  ['windows(10.0.17763)/amd64', 'windows/amd64 windows(10.0.17763)/amd64'],
  ['linux/arm/v8', 'linux/arm/v8'],
  ['linux/arm/v7', 'linux/arm linux/arm/v7'],
  ['linux/arm/v6', 'linux/arm/v6'],
  ['linux/arm/v4', 'linux/arm/v4'],
  ['linux/arm64/v9.5', 'linux/arm64/v9.5'],
  ['linux/arm64/v9', 'linux/arm64/v9 linux/arm64/v9.0'],
  ['linux/arm64/v8.1', 'linux/arm64/v8.1'],
  ['linux/arm64', 'linux/arm64 linux/arm64/v8'],
])('strictly, %s runs %s, and nothing else', (host, runs) => {
  const { matches } = platformMatcher(parsePlatform(host), { strict: true });
  expect(all.filter((platform) => matches(parsePlatform(platform))).sort()).toEqual(runs.split(' ').sort());
});

// The same, TestCompareOSFeatures, as Only orders. What is as good stays as it was.
test.each([
  [
    'linux/amd64',
    'windows/amd64 linux/amd64 linux(+other)/amd64 linux/arm64',
    'linux/amd64 linux(+other)/amd64 linux/arm64 windows/amd64',
  ],
  [
    'linux(+none)/amd64',
    'windows/amd64 linux/amd64 linux/arm64 linux(+other)/amd64',
    'linux/amd64 linux(+other)/amd64 linux/arm64 windows/amd64',
  ],
  [
    'linux(+other)/amd64',
    'windows/amd64 linux/amd64 linux/arm64 linux(+other)/amd64',
    'linux(+other)/amd64 linux/amd64 linux/arm64 windows/amd64',
  ],
  [
    'linux(+af+other+zf)/amd64',
    'windows/amd64 linux/amd64 linux/arm64 linux(+other)/amd64',
    'linux(+other)/amd64 linux/amd64 linux/arm64 windows/amd64',
  ],
  [
    'linux(+f1+f2)/amd64',
    'linux/amd64 linux(+f2)/amd64 linux(+f1)/amd64 linux(+f1+f2)/amd64',
    'linux(+f1+f2)/amd64 linux(+f2)/amd64 linux(+f1)/amd64 linux/amd64',
  ],
  [
    'linux(7.2+other)/amd64',
    'linux/amd64 linux(+other)/amd64 linux(7.1)/amd64 linux(7.2+other)/amd64',
    'linux(7.2+other)/amd64 linux(7.1)/amd64 linux(+other)/amd64 linux/amd64',
  ],
  [
    'linux/arm64',
    'linux/amd64 linux/386 linux/arm/v7 linux/arm64 linux/arm/v8 linux/arm64/v9 linux/arm64/v8.2',
    'linux/arm64/v9 linux/arm64/v8.2 linux/arm64 linux/arm/v8 linux/arm/v7 linux/386 linux/amd64',
  ],
  [
    'linux/ppc64le/power9',
    'linux/ppc64le linux/ppc64le/power9 linux/ppc64le/power10',
    'linux/ppc64le/power10 linux/ppc64le/power9 linux/ppc64le',
  ],
])('for %s %s are in the order %s', (host, there, order) => {
  const { compare } = platformMatcher(parsePlatform(host));
  const sorted = there.split(' ').map(parsePlatform).sort(compare);
  expect(sorted.map((platform) => formatPlatform(platform, { osOptions: true })).join(' ')).toBe(order);
});

test('what needs features that the host lacks does not run', () => {
  const { matches } = platformMatcher(parsePlatform('linux(+gpu)/amd64'));
  expect(matches(parsePlatform('linux(+gpu)/amd64'))).toBe(true);
  expect(matches(parsePlatform('linux/amd64'))).toBe(true);
  expect(matches(parsePlatform('linux(+gpu+simd)/amd64'))).toBe(false);
  expect(platformMatcher(parsePlatform('windows/amd64')).matches(parsePlatform('windows(+win32k)/amd64'))).toBe(true);
});

function entry(platform: string | undefined, mediaType: string = mediaTypes.manifest): Descriptor {
  const named = platform === undefined ? {} : { platform: parsePlatform(platform) };
  return { mediaType, digest: digestOf(platform ?? 'any'), size: 1, ...named };
}

function select(wanted: string, there: (string | undefined)[]): string | undefined {
  const entries = there.map((name) => entry(name));
  return there[entries.indexOf(selectPlatform({ manifests: entries }, parsePlatform(wanted)))];
}

test.each([
  ['linux/arm64', ['linux/amd64', 'linux/arm64/v8'], 'linux/arm64/v8'],
  ['linux/arm64', ['linux/arm/v6', 'linux/arm/v7'], 'linux/arm/v7'],
  ['linux/arm/v7', ['linux/arm/v5', 'linux/arm/v6', 'linux/arm64'], 'linux/arm/v6'],
  ['linux/arm/v7', ['linux/arm/v6', 'linux/arm/v7'], 'linux/arm/v7'],
  ['linux/arm/v7', ['linux/arm'], 'linux/arm'],
  ['linux/amd64', ['linux/386', 'linux/amd64'], 'linux/amd64'],
  ['linux/amd64', ['linux/386', 'linux/arm64'], 'linux/386'],
  ['linux/amd64/v3', ['linux/amd64', 'linux/amd64/v2', 'linux/amd64/v4'], 'linux/amd64/v2'],
  ['linux/amd64/v2', ['linux/386', 'linux/amd64/v3', 'linux/amd64'], 'linux/amd64'],
  ['linux/arm64/v9', ['linux/arm64/v8', 'linux/arm64/v8.2'], 'linux/arm64/v8.2'],
  ['linux/amd64', ['unknown/unknown', undefined], undefined],
  ['linux/amd64', [undefined, 'linux/amd64'], 'linux/amd64'],
  ['linux/s390x', ['linux/s390x', 'linux/amd64'], 'linux/s390x'],
  // https://github.com/containerd/platforms/blob/main/platform_windows_compat_test.go, Test_PlatformOrder
  [
    'windows(10.0.20348.3091)/amd64',
    ['linux/amd64', 'windows(10.0.20348.3091)/amd64', 'windows(10.0.26100.2894)/amd64'],
    'windows(10.0.20348.3091)/amd64',
  ],
  [
    'windows(10.0.26100.2894)/amd64',
    ['linux/amd64', 'windows(10.0.20348.3091)/amd64', 'windows(10.0.26100.2894)/amd64'],
    'windows(10.0.26100.2894)/amd64',
  ],
  [
    'windows(10.0.26100.2894)/amd64',
    ['linux/amd64', 'windows(10.0.20348.3091)/amd64', 'windows(10.0.26100.3000)/amd64'],
    'windows(10.0.26100.3000)/amd64',
  ],
])('for %s out of %j it is %s', (wanted, there, chosen) => {
  expect(select(wanted, there)).toBe(chosen);
});

test.each([
  ['linux/arm/v6', ['linux/arm/v7', 'linux/arm64']],
  ['linux/386', ['linux/amd64']],
  ['linux/amd64', ['windows/amd64', 'linux/amd64/v2']],
  ['linux/amd64', ['unknown/unknown']],
])('what does not run on %s is not chosen out of %j', (wanted, there) => {
  expect(() => select(wanted, there)).toThrow(expect.objectContaining({ code: 'PLATFORM_MISSING' }));
});

test('the error names the platforms there are', () => {
  expect(() => select('linux/s390x', ['linux/amd64', 'windows(10.0.1)/arm/v7'])).toThrow(
    'there is linux/amd64, windows(10.0.1)/arm/v7',
  );
});

test('a variant by the name of what every object has is like any that nobody knows', () => {
  for (const variant of ['constructor', '__proto__', 'toString']) {
    for (const architecture of ['arm', 'arm64']) {
      const platform = { os: 'linux', architecture, variant };
      const strange = { ...entry(undefined), platform };
      expect(() => selectPlatform({ manifests: [strange] }, parsePlatform('linux/arm64'))).toThrow(
        expect.objectContaining({ code: 'PLATFORM_MISSING' }),
      );
      expect(formatPlatform(parsePlatform(`linux/${architecture}/${variant}`))).toBe(
        `linux/${architecture}/${variant.toLowerCase()}`,
      );
    }
  }
});

test('an entry that is no image is not chosen', () => {
  const artifact = entry('linux/amd64', 'application/vnd.example+json');
  expect(() => selectPlatform({ manifests: [artifact] }, parsePlatform('linux/amd64'))).toThrow(
    'the index has no images',
  );
});
