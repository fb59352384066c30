import { expect, test } from 'vitest';
import { runsWindows } from '../src/windows-version.ts';

const builds = {
  2019: '10.0.17763.1',
  2022: '10.0.20348.3091',
  11: '10.0.22621',
  2025: '10.0.26100.2894',
  later: '10.0.26200',
};

// https://github.com/containerd/platforms/blob/main/platform_windows_compat_test.go
test.each([
  [builds[2019], builds[2019], true],
  [builds[2019], '10.0.17763.9', true],
  [builds[2019], builds[2022], false],
  [builds[2022], builds[2019], false],
  [builds[2022], builds[2022], true],
  [builds[2022], builds[2025], false],
  [builds[11], builds[2019], false],
  [builds[11], builds[2022], true],
  [builds[2025], builds[2022], true],
  [builds.later, builds[2022], true],
  [builds.later, builds[2025], true],
  ['10.0.20348', '6.1.20348', false],
  ['', builds[2022], true],
  [builds[2022], '', true],
  ['10.0', builds[2019], true],
  [builds[2022], 'nonsense', false],
  ['10.0.70000', builds[2019], true],
])('%j runs %j: %j', (host, image, runs) => {
  expect(runsWindows(host, image)).toBe(runs);
});
