/**
 * The media types of images.
 * https://github.com/opencontainers/image-spec/blob/main/media-types.md
 * https://github.com/distribution/distribution/blob/main/docs/content/spec/manifest-v2-2.md
 */
export const mediaTypes = {
  descriptor: 'application/vnd.oci.descriptor.v1+json',
  layoutHeader: 'application/vnd.oci.layout.header.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  empty: 'application/vnd.oci.empty.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  layerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  foreignLayer: 'application/vnd.oci.image.layer.nondistributable.v1.tar',
  foreignLayerGzip: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  foreignLayerZstd: 'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerPluginConfig: 'application/vnd.docker.plugin.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerForeignLayerGzip: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
} as const;

export type MediaTypeKind =
  | 'index'
  | 'manifest'
  | 'config'
  | 'layer'
  | 'empty'
  | 'descriptor'
  | 'layout'
  | 'schema1'
  | 'other';

export interface MediaTypeDescription {
  readonly kind: MediaTypeKind;
  readonly family: 'oci' | 'docker' | 'other';
  /** Of a layer; of what a descriptor says, not of what is in the blob: some tools say the wrong thing. */
  readonly compression?: 'none' | 'gzip' | 'zstd';
  /** The layer is not meant to be pushed to other registries. */
  readonly foreign: boolean;
}

/** Sorts a media type, which may carry parameters (`; charset=utf-8`). */
export function describeMediaType(mediaType: string): MediaTypeDescription {
  const essence = mediaTypeEssence(mediaType);
  const kind = kinds.get(essence) ?? 'other';
  const layer = kind === 'layer';
  return {
    kind,
    family: familyOf(essence),
    foreign: layer && /nondistributable|foreign/.test(essence),
    ...(layer ? { compression: compressionOf(essence) } : {}),
  };
}

/** RFC 6838 section 4.2: a type and a subtype, of at most 127 characters each. https://www.rfc-editor.org/rfc/rfc6838#section-4.2 */
export const mediaTypePattern: RegExp =
  /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;

/** The media type without parameters, in lower case. */
export function mediaTypeEssence(mediaType: string): string {
  return (mediaType.split(';', 1)[0] ?? '').trim().toLowerCase();
}

const kinds = new Map<string, MediaTypeKind>([
  [mediaTypes.index, 'index'],
  [mediaTypes.dockerIndex, 'index'],
  [mediaTypes.manifest, 'manifest'],
  [mediaTypes.dockerManifest, 'manifest'],
  [mediaTypes.config, 'config'],
  [mediaTypes.dockerConfig, 'config'],
  [mediaTypes.empty, 'empty'],
  [mediaTypes.descriptor, 'descriptor'],
  [mediaTypes.layoutHeader, 'layout'],
  ['application/vnd.docker.distribution.manifest.v1+json', 'schema1'],
  ['application/vnd.docker.distribution.manifest.v1+prettyjws', 'schema1'],
  [mediaTypes.layer, 'layer'],
  [mediaTypes.layerGzip, 'layer'],
  [mediaTypes.layerZstd, 'layer'],
  [mediaTypes.foreignLayer, 'layer'],
  [mediaTypes.foreignLayerGzip, 'layer'],
  [mediaTypes.foreignLayerZstd, 'layer'],
  [mediaTypes.dockerLayer, 'layer'],
  [mediaTypes.dockerLayerGzip, 'layer'],
  [mediaTypes.dockerForeignLayerGzip, 'layer'],
]);

function familyOf(essence: string): MediaTypeDescription['family'] {
  if (essence.startsWith('application/vnd.oci.')) return 'oci';
  return essence.startsWith('application/vnd.docker.') ? 'docker' : 'other';
}

function compressionOf(essence: string): 'none' | 'gzip' | 'zstd' {
  if (essence.endsWith('gzip')) return 'gzip';
  return essence.endsWith('zstd') ? 'zstd' : 'none';
}
