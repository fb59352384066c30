import { expect, test } from 'vitest';
import { hostPlatform, platformOf } from '../src/host-platform.ts';
import { formatPlatform } from '../src/platform.ts';

const level2 = 'fpu cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3';
const level3 = `${level2} avx avx2 bmi1 bmi2 f16c fma abm movbe xsave`;
const level4 = `${level3} avx512f avx512bw avx512cd avx512dq avx512vl`;
const arm = (told: string, model = 'ARMv7 Processor rev 4 (v7l)') =>
  `processor\t: 0\nmodel name\t: ${model}\nCPU architecture: ${told}\n`;

// https://github.com/containerd/platforms/blob/main/cpuinfo_linux.go
test.each([
  ['x64', 'flags\t\t: fpu sse2\n', 'linux/amd64'],
  ['x64', `processor\t: 0\nflags\t\t: ${level2}\n`, 'linux/amd64/v2'],
  ['x64', `flags\t\t: ${level3}\n\nprocessor\t: 1\nflags\t\t: fpu\n`, 'linux/amd64/v3'],
  ['x64', `flags\t\t: ${level4}\n`, 'linux/amd64/v4'],
  ['x64', `flags\t\t: ${level4.replace('cx16 ', '')}\n`, 'linux/amd64'],
  ['x64', '', 'linux/amd64'],
  ['arm64', arm('8'), 'linux/arm64'],
  ['arm', arm('7'), 'linux/arm/v7'],
  ['arm', arm('8'), 'linux/arm/v8'],
  ['arm', arm('AArch64'), 'linux/arm/v8'],
  ['arm', arm('6TEJ'), 'linux/arm/v6'],
  ['arm', arm('5TE'), 'linux/arm/v5'],
  ['arm', arm('?(12)'), 'linux/arm/v7'],
  ['arm', arm('7', 'ARMv6-compatible processor rev 7 (v6l)'), 'linux/arm/v6'],
  ['ia32', '', 'linux/386'],
  ['ppc64', '', 'linux/ppc64le'],
  ['s390x', '', 'linux/s390x'],
])('Node on %s, and of its processor %j, is %s', (arch, cpuInfo, platform) => {
  expect(formatPlatform(platformOf(arch, cpuInfo))).toBe(platform);
});

test('containers are for Linux on this processor', () => {
  const names: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };
  expect(hostPlatform()).toMatchObject({ os: 'linux', architecture: names[process.arch] ?? expect.any(String) });
  hostPlatform().os = 'changed';
  expect(hostPlatform().os).toBe('linux');
});
