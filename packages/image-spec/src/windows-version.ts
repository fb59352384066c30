import { readVersion } from './platform-variant.ts';

/**
 * Whether a Windows of one version runs containers of another. Up to 2019 the builds have to be the same; since then
 * a host runs all builds from the long-term release before its own up to itself. An absent version does not matter.
 * https://learn.microsoft.com/en-us/virtualization/windowscontainers/deploy-containers/version-compatibility
 */
export function runsWindows(host = '', image = ''): boolean {
  const mine = readBuild(host);
  if (mine === undefined || image === '') return true;
  const its = readBuild(image);
  if (its === undefined || its.release !== mine.release) return false;
  if (mine.build < server2022) return its.build === mine.build;
  return its.build >= server2022 && its.build <= mine.build;
}

// The release of 2025 (26100) runs containers of 2022, as does all that came between them and since.
const server2022 = 20348;

function readBuild(version: string): { release: string; build: number } | undefined {
  const { prefix, numbers: [major = 0, minor = 0, build] = [], suffix } = readVersion(version) ?? {};
  if (prefix !== '' || suffix !== '' || build === undefined || major > 255 || minor > 255 || build > 65_535) return;
  return major + minor + build === 0 ? undefined : { release: `${major}.${minor}`, build };
}
