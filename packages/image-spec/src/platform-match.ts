import type { Descriptor } from './descriptor.ts';
import { ImageSpecError } from './error.ts';
import { hostPlatform } from './host-platform.ts';
import type { ImageIndex } from './image-index.ts';
import { describeMediaType } from './media-types.ts';
import { formatPlatform, normalizePlatform, type Platform } from './platform.ts';
import { compareNaturally, runsVariant } from './platform-variant.ts';
import { runsWindows } from './windows-version.ts';

export interface PlatformMatcher {
  /** Whether it runs there. */
  matches(platform: Platform): boolean;
  /** Sorts what suits better first; 0 where it is as good. Sort what `matches` alone: the order is that of all platforms. */
  compare(a: Platform, b: Platform): number;
}

/**
 * What runs on a platform, as containerd has it: its own architecture with the same or an older variant, then its 32-bit
 * sibling (arm64 runs arm, amd64 runs 386), as far as its `os.version` (of Windows) and its `os.features` allow.
 * `strict` takes the very same variant alone.
 * https://github.com/containerd/platforms/blob/main/compare.go
 */
export function platformMatcher(host: Platform, { strict = false }: { strict?: boolean } = {}): PlatformMatcher {
  const mine = normalizePlatform(host);
  return {
    matches: (platform) => {
      const its = normalizePlatform(platform);
      return runsSystem(mine, its) && (strict ? isSame(mine, its) : runsArchitecture(mine, its));
    },
    compare: (a, b) => comparePlatforms(mine, normalizePlatform(a), normalizePlatform(b)),
  };
}

/**
 * The entry of an index that suits a platform best; one that names no platform at all comes last.
 * Throws PLATFORM_MISSING, with the platforms there are.
 */
export function selectPlatform(index: Pick<ImageIndex, 'manifests'>, platform: Platform = hostPlatform()): Descriptor {
  const matcher = platformMatcher(platform);
  const images = index.manifests.filter(isImage);
  const [best] = images
    .filter((entry) => entry.platform === undefined || matcher.matches(entry.platform))
    .sort((a, b) => {
      if (a.platform === undefined || b.platform === undefined)
        return a.platform === b.platform ? 0 : a.platform ? -1 : 1;
      return matcher.compare(a.platform, b.platform);
    });
  if (best !== undefined) return best;
  const there = images.flatMap((entry) =>
    entry.platform ? [formatPlatform(entry.platform, { osOptions: true })] : [],
  );
  const choice = there.length > 0 ? `there is ${[...new Set(there)].join(', ')}` : 'the index has no images';
  const wanted = formatPlatform(normalizePlatform(platform), { osOptions: true });
  throw new ImageSpecError('PLATFORM_MISSING', `cannot find the image for ${wanted}: ${choice}`);
}

function isImage(entry: Descriptor): boolean {
  const { kind } = describeMediaType(entry.mediaType);
  return kind === 'manifest' || kind === 'index';
}

function runsSystem(mine: Platform, its: Platform): boolean {
  if (mine.os !== its.os) return false;
  if (mine.os === 'windows' && !runsWindows(mine['os.version'], its['os.version'])) return false;
  return neededFeatures(mine, its).every((feature) => mine['os.features']?.includes(feature));
}

// Nano Server lacks win32k, and images that need it do not always run nowhere else: nobody has ever matched by it.
function neededFeatures(mine: Platform, { 'os.features': features = [] }: Platform): string[] {
  return mine.os === 'windows' ? features.filter((feature) => feature !== 'win32k') : features;
}

function isSame(mine: Platform, its: Platform): boolean {
  return mine.architecture === its.architecture && mine.variant === its.variant;
}

const siblings: Partial<Record<string, string>> = { amd64: '386', arm64: 'arm' };

function runsArchitecture(mine: Platform, its: Platform): boolean {
  const [host = '', image = ''] = [mine.variant, its.variant];
  if (its.architecture === mine.architecture) return runsVariant(mine.architecture, host, image);
  if (its.architecture !== siblings[mine.architecture]) return false;
  // Every 64-bit arm runs what the last of 32 bits does, and there is but one 386.
  return its.architecture === '386' || runsVariant('arm', 'v8', image);
}

/** The system and the architecture of the host first, then the newest variant and version, then the most features. */
function comparePlatforms(mine: Platform, a: Platform, b: Platform): number {
  const overlap = (platform: Platform) =>
    neededFeatures(mine, platform).filter((feature) => mine['os.features']?.includes(feature)).length;
  return (
    Number(b.os === mine.os) - Number(a.os === mine.os) ||
    compareNaturally(a.os, b.os) ||
    nearness(mine, b) - nearness(mine, a) ||
    compareNaturally(a.architecture, b.architecture) ||
    compareNaturally(b.variant ?? '', a.variant ?? '') ||
    compareNaturally(b['os.version'] ?? '', a['os.version'] ?? '') ||
    overlap(b) - overlap(a)
  );
}

function nearness(mine: Platform, { architecture }: Platform): number {
  if (architecture === mine.architecture) return 2;
  return architecture === siblings[mine.architecture] ? 1 : 0;
}
