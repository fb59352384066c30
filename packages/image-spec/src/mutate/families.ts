import { describeMediaType, mediaTypeEssence, mediaTypes } from '../media-types.ts';

/** Whose words an image is written in. One image uses one of them throughout: readers refuse mixtures. */
export type Family = 'oci' | 'docker';

export function familyOf(manifestType: string): Family {
  return describeMediaType(manifestType).family === 'docker' ? 'docker' : 'oci';
}

export const manifestTypes: Readonly<Record<Family, string>> = {
  oci: mediaTypes.manifest,
  docker: mediaTypes.dockerManifest,
};

export const indexTypes: Readonly<Record<Family, string>> = { oci: mediaTypes.index, docker: mediaTypes.dockerIndex };

/** The media type of a config or layer in the words of the OCI; of anything else, itself. */
export function ociType(mediaType: string): string {
  return ociTypes[mediaTypeEssence(mediaType)] ?? mediaType;
}

/** In Docker's words, which have none for zstd. */
export function dockerType(mediaType: string): string | undefined {
  const essence = mediaTypeEssence(mediaType);
  return essence in ociTypes ? mediaType : dockerTypes[essence];
}

export const layerTypes: Readonly<Record<Family, Readonly<Record<'none' | 'gzip' | 'zstd', string | undefined>>>> = {
  oci: { none: mediaTypes.layer, gzip: mediaTypes.layerGzip, zstd: mediaTypes.layerZstd },
  docker: { none: mediaTypes.dockerLayer, gzip: mediaTypes.dockerLayerGzip, zstd: undefined },
};

const ociTypes: Readonly<Record<string, string>> = {
  [mediaTypes.dockerManifest]: mediaTypes.manifest,
  [mediaTypes.dockerIndex]: mediaTypes.index,
  [mediaTypes.dockerConfig]: mediaTypes.config,
  [mediaTypes.dockerLayer]: mediaTypes.layer,
  [mediaTypes.dockerLayerGzip]: mediaTypes.layerGzip,
  // Not registered by Docker, and yet written by BuildKit.
  [`${mediaTypes.dockerLayer}.zstd`]: mediaTypes.layerZstd,
  [mediaTypes.dockerForeignLayerGzip]: mediaTypes.foreignLayerGzip,
};

const dockerTypes: Readonly<Record<string, string>> = {
  [mediaTypes.layer]: mediaTypes.dockerLayer,
  [mediaTypes.layerGzip]: mediaTypes.dockerLayerGzip,
  [mediaTypes.foreignLayerGzip]: mediaTypes.dockerForeignLayerGzip,
};
