/**
 * The keys of annotations that have a meaning everywhere.
 * https://github.com/opencontainers/image-spec/blob/main/annotations.md#pre-defined-annotation-keys
 */
export const annotationKeys = {
  /** When the image was built: RFC 3339. */
  created: 'org.opencontainers.image.created',
  authors: 'org.opencontainers.image.authors',
  /** Where to read about it. */
  url: 'org.opencontainers.image.url',
  documentation: 'org.opencontainers.image.documentation',
  /** Where its source code is. */
  source: 'org.opencontainers.image.source',
  version: 'org.opencontainers.image.version',
  /** The commit. */
  revision: 'org.opencontainers.image.revision',
  vendor: 'org.opencontainers.image.vendor',
  /** An SPDX expression. */
  licenses: 'org.opencontainers.image.licenses',
  /** The name of an entry in the index of a layout. */
  refName: 'org.opencontainers.image.ref.name',
  title: 'org.opencontainers.image.title',
  description: 'org.opencontainers.image.description',
  baseDigest: 'org.opencontainers.image.base.digest',
  baseName: 'org.opencontainers.image.base.name',
} as const;

export type AnnotationKey = (typeof annotationKeys)[keyof typeof annotationKeys];

/** Any annotations; an editor offers those that are known. */
export type KnownAnnotations = { [key in AnnotationKey]?: string } & { [other: string]: string };
