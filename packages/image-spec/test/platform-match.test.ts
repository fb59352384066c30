import { expect, test } from 'vitest';
import type { Descriptor } from '../src/descriptor.ts';
import { digestOf } from '../src/digest.ts';
import { mediaTypes } from '../src/media-types.ts';
import { parsePlatform } from '../src/platform.ts';
import { selectPlatform } from '../src/platform-match.ts';

function entry(platform: string | undefined, mediaType: string = mediaTypes.manifest): Descriptor {
  const [os = '', architecture = '', variant] = platform?.split('/') ?? [];
  const named = platform === undefined ? {} : { platform: { os, architecture, ...(variant ? { variant } : {}) } };
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
  ['linux/arm64/v9', ['linux/arm64/v8', 'linux/arm64/v8.2'], 'linux/arm64/v8.2'],
  ['linux/amd64', ['unknown/unknown', undefined], undefined],
  ['linux/amd64', [undefined, 'linux/amd64'], 'linux/amd64'],
  ['linux/s390x', ['linux/s390x', 'linux/amd64'], 'linux/s390x'],
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
  expect(() => select('linux/s390x', ['linux/amd64', 'linux/arm/v7'])).toThrow('there is linux/amd64, linux/arm/v7');
});

test('an entry that is no image is not chosen', () => {
  const artifact = entry('linux/amd64', 'application/vnd.example+json');
  expect(() => selectPlatform({ manifests: [artifact] }, parsePlatform('linux/amd64'))).toThrow(
    'the index has no images',
  );
});
