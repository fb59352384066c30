import { isDeepStrictEqual } from 'node:util';
import { ImageSpecError } from '../error.ts';
import type { ImageConfig } from '../image-config.ts';
import { formatPlatform } from '../platform.ts';
import { type ImageView, platformOf } from '../view/image-view.ts';
import { type CreatedOptions, createdTime } from './created.ts';
import { DraftImage } from './draft-image.ts';
import { fullHistory, historyAbove, orNone } from './history.ts';
import { type ImageParts, toOci } from './image-parts.ts';

export interface RebaseOptions extends CreatedOptions {
  /** What the image was built on. */
  readonly from: ImageView;
  /** What it shall stand on instead. */
  readonly onto: ImageView;
}

/**
 * The image on another base, without building it again: the layers of the old base are replaced by those of the new one. What
 * starts a container stays as the image has it. That the upper layers fit the new base only you can know.
 * Reading it throws BASE_MISMATCH unless the old base is what the image stands on, and both bases are for its platform.
 */
export function rebase(image: ImageView, { from, onto, ...options }: RebaseOptions): ImageView {
  const created = createdTime(options);
  return new DraftImage(async (take) => {
    const [whole, old, base] = [await take(image), await take(from), await take(onto)];
    checkPrefix(whole.config, old.config);
    checkPlatform(whole.config, base.config);
    const mixed = whole.family !== base.family;
    const [upper, lower] = mixed ? [toOci(whole), toOci(base)] : [whole, base];
    const layers = [...lower.layers, ...upper.layers.slice(old.layers.length)];
    const { digest } = await onto.descriptor;
    return {
      ...upper,
      layers,
      stored: undefined,
      config: {
        ...upper.config,
        ...(created !== undefined && { created }),
        rootfs: { ...upper.config.rootfs, diff_ids: layers.map(({ diffId }) => diffId) },
        ...orNone(
          [...fullHistory(lower.config), ...ownHistory(whole.config, old.config)],
          lower.config.history,
          whole.config.history,
        ),
      },
      manifest: withBase(upper.manifest, digest),
    };
  });
}

function checkPrefix({ rootfs: whole }: ImageConfig, { rootfs: base }: ImageConfig): void {
  const height = base.diff_ids.findIndex((diffId, at) => whole.diff_ids[at] !== diffId);
  if (height === -1) return;
  throw new ImageSpecError(
    'BASE_MISMATCH',
    `cannot rebase: layer ${height} of the old base is ${base.diff_ids[height]}, that of the image ${whole.diff_ids[height] ?? 'missing'}; is it built on another version of the base?`,
    { path: `rootfs.diff_ids[${height}]` },
  );
}

function checkPlatform(image: ImageConfig, base: ImageConfig): void {
  const [mine, other] = [platformOf(image), platformOf(base)].map((platform) => formatPlatform(platform));
  if (mine === other) return;
  throw new ImageSpecError('BASE_MISMATCH', `cannot rebase: the image is for ${mine}, the new base for ${other}`);
}

/** The history of the image without that of its base, which an honest one begins with. */
function ownHistory(whole: ImageConfig, base: ImageConfig): ReturnType<typeof fullHistory> {
  const [all, below] = [fullHistory(whole), fullHistory(base)];
  if (isDeepStrictEqual(all.slice(0, below.length), below)) return all.slice(below.length);
  return historyAbove(all, base.rootfs.diff_ids.length);
}

// Kept true where it is there. https://github.com/opencontainers/image-spec/blob/main/annotations.md
const baseDigest = 'org.opencontainers.image.base.digest';

function withBase(manifest: ImageParts['manifest'], digest: string): ImageParts['manifest'] {
  const annotations = { ...(manifest.annotations as Record<string, string> | undefined) };
  if (!(baseDigest in annotations)) return manifest;
  return { ...manifest, annotations: { ...annotations, [baseDigest]: digest } };
}
