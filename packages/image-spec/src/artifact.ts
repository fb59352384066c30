import type { Descriptor } from './descriptor.ts';
import type { ImageManifest } from './image-manifest.ts';
import { mediaTypes } from './media-types.ts';

/**
 * The descriptor of `{}`, which stands where an artifact has no config, or no content.
 * https://github.com/opencontainers/image-spec/blob/main/manifest.md#guidance-for-an-empty-descriptor
 */
export const emptyDescriptor: Readonly<Descriptor> = Object.freeze({
  mediaType: mediaTypes.empty,
  digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
  size: 2,
  data: 'e30=',
} as const);

/** What it describes. */
export function emptyContent(): Uint8Array {
  return Buffer.from('{}');
}

/**
 * What a manifest is, in the list of those that refer to a subject: its artifact type, or the type of its config.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers
 */
export function artifactTypeOf(manifest: Pick<ImageManifest, 'artifactType' | 'config'>): string {
  return manifest.artifactType ?? manifest.config.mediaType;
}
