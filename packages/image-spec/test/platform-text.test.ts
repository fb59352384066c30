import { expect, test } from 'vitest';
import { hostPlatform } from '../src/host-platform.ts';
import { formatPlatform } from '../src/platform.ts';
import { parsePlatform } from '../src/platform-text.ts';

const { architecture: here } = hostPlatform();
const windows = { os: 'windows', architecture: here };

// https://github.com/containerd/platforms/blob/main/platforms_test.go, TestParseSelector, on a host that is not arm.
test.each([
  ['linux/arm64', { os: 'linux', architecture: 'arm64' }, 'linux/arm64'],
  ['linux/arm64/v8', { os: 'linux', architecture: 'arm64', variant: 'v8' }, 'linux/arm64/v8'],
  ['linux/arm', { os: 'linux', architecture: 'arm' }, 'linux/arm'],
  ['linux/arm/v6', { os: 'linux', architecture: 'arm', variant: 'v6' }, 'linux/arm/v6'],
  ['linux/arm/v7', { os: 'linux', architecture: 'arm', variant: 'v7' }, 'linux/arm/v7'],
  ['arm', { os: 'linux', architecture: 'arm' }, 'linux/arm'],
  ['armel', { os: 'linux', architecture: 'arm', variant: 'v6' }, 'linux/arm/v6'],
  ['armhf', { os: 'linux', architecture: 'arm' }, 'linux/arm'],
  ['Aarch64', { os: 'linux', architecture: 'arm64' }, 'linux/arm64'],
  ['x86_64', { os: 'linux', architecture: 'amd64' }, 'linux/amd64'],
  ['Linux/x86_64', { os: 'linux', architecture: 'amd64' }, 'linux/amd64'],
  ['i386', { os: 'linux', architecture: '386' }, 'linux/386'],
  ['linux', { os: 'linux', architecture: here }, `linux/${here}`],
  ['s390x', { os: 'linux', architecture: 's390x' }, 'linux/s390x'],
  ['linux/s390x', { os: 'linux', architecture: 's390x' }, 'linux/s390x'],
  ['macOS', { os: 'darwin', architecture: here }, `darwin/${here}`],
  ['windows', windows, `windows/${here}`],
  ['windows()', windows, `windows/${here}`],
  ['windows(10.0.17763)', { ...windows, 'os.version': '10.0.17763' }, `windows(10.0.17763)/${here}`],
  [
    'windows(10.0.17763+win32k)',
    { ...windows, 'os.version': '10.0.17763', 'os.features': ['win32k'] },
    `windows(10.0.17763+win32k)/${here}`,
  ],
  ['linux(+gpu)', { os: 'linux', architecture: here, 'os.features': ['gpu'] }, `linux(+gpu)/${here}`],
  [
    'linux(+unsorted+erofs)/amd64',
    { os: 'linux', architecture: 'amd64', 'os.features': ['unsorted', 'erofs'] },
    'linux(+erofs+unsorted)/amd64',
  ],
  [
    'windows(10.0.17763%2Bbuild.42+win32k)',
    { ...windows, 'os.version': '10.0.17763+build.42', 'os.features': ['win32k'] },
    `windows(10.0.17763%2Bbuild.42+win32k)/${here}`,
  ],
  ['windows(50%25done)', { ...windows, 'os.version': '50%done' }, `windows(50%25done)/${here}`],
])('%s is read as %j', (text, platform, written) => {
  expect(parsePlatform(text)).toEqual(platform);
  expect(formatPlatform(parsePlatform(text), { osOptions: true })).toBe(written);
  expect(formatPlatform(parsePlatform(written), { osOptions: true })).toBe(written);
});

// The same, TestParseSelectorInvalid, and more.
test.each([
  '',
  '/linux/arm',
  'linux/arm/',
  'linux/',
  'linux /arm',
  'linux/&arm',
  'linux/arm/foo/bar',
  'linux/arm 64',
  '*',
  'linux/*',
  'solarpunk',
  'linux(10/amd64',
  'windows(50%)/amd64',
  'windows(50%zz)/amd64',
  `linux(${'+'.repeat(65_536)})/amd64`,
])('%.40j is no platform', (text) => {
  expect(() => parsePlatform(text)).toThrow(expect.objectContaining({ code: 'PLATFORM_INVALID' }));
});
