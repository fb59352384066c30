import type { Descriptor } from './descriptor.ts';
import { ImageSpecError } from './error.ts';
import type { ImageIndex } from './image-index.ts';
import { describeMediaType } from './media-types.ts';
import { formatPlatform, hostPlatform, normalizePlatform, type Platform } from './platform.ts';

/**
 * The entry of an index that suits a platform best: its own architecture and variant, then older variants, then the
 * 32-bit sibling (arm64 runs arm, amd64 runs 386), then an entry that names no platform at all.
 * Throws PLATFORM_MISSING, with the platforms there are.
 */
export function selectPlatform(index: Pick<ImageIndex, 'manifests'>, platform: Platform = hostPlatform()): Descriptor {
  const wanted = normalizePlatform(platform);
  const images = index.manifests.filter(isImage);
  let best: { entry: Descriptor; rank: number } | undefined;
  for (const entry of images) {
    const rank = rankOf(wanted, entry.platform);
    if (rank !== undefined && rank < (best?.rank ?? Number.POSITIVE_INFINITY)) best = { entry, rank };
  }
  if (best === undefined) {
    const there = images.flatMap((entry) => (entry.platform ? [formatPlatform(entry.platform)] : []));
    const choice = there.length > 0 ? `there is ${[...new Set(there)].join(', ')}` : 'the index has no images';
    throw new ImageSpecError('PLATFORM_MISSING', `cannot find the image for ${formatPlatform(wanted)}: ${choice}`);
  }
  return best.entry;
}

const sibling = 1000;
const anywhere = 1_000_000;

function isImage(entry: Descriptor): boolean {
  const { kind } = describeMediaType(entry.mediaType);
  return kind === 'manifest' || kind === 'index';
}

/** How far a candidate is from what is wanted: 0 is the same, `undefined` does not run. */
function rankOf(wanted: Platform, candidate: Platform | undefined): number | undefined {
  if (candidate === undefined) return anywhere;
  const other = normalizePlatform(candidate);
  if (other.os !== wanted.os || !sameVersion(wanted, other)) return undefined;
  const [have, need] = [levelOf(wanted), levelOf(other)];
  if (other.architecture === wanted.architecture) {
    if (have === undefined || need === undefined) return other.variant === wanted.variant ? 0 : undefined;
    return need <= have ? have - need : undefined;
  }
  if (wanted.architecture === 'amd64' && other.architecture === '386') return sibling;
  if (wanted.architecture === 'arm64' && other.architecture === 'arm' && need !== undefined)
    return sibling + 800 - need;
  return undefined;
}

// An os.version that was asked for selects Windows builds: the first three numbers have to agree.
function sameVersion(wanted: Platform, other: Platform): boolean {
  const version = wanted['os.version'];
  const build = version?.split('.').slice(0, 3).join('.');
  return build === undefined || other['os.version'] === undefined || `${other['os.version']}.`.startsWith(`${build}.`);
}

/** The variant as a number that grows with what the processor can do; arm64 v9.x can do what v8.(x+5) can. */
function levelOf({ architecture, variant }: Platform): number | undefined {
  const [, major, minor = '0'] = /^v(\d{1,2})(?:\.(\d{1,2}))?$/.exec(variant ?? defaults[architecture] ?? '') ?? [];
  if (major === undefined) return undefined;
  if (architecture === 'arm64' && major === '9') return 800 + Number(minor) + 5 + 0.5;
  return Number(major) * 100 + Number(minor);
}

const defaults: Record<string, string> = { amd64: 'v1', arm64: 'v8', arm: 'v7' };
