import type { z } from 'zod';
import { Descriptor } from '../descriptor.ts';
import { DockerImageConfig, DockerManifest, DockerManifestList } from '../docker-documents.ts';
import { ImageConfig } from '../image-config.ts';
import { ImageIndex } from '../image-index.ts';
import { ImageManifest } from '../image-manifest.ts';
import { LayoutHeader } from '../layout-header.ts';
import { mediaTypes } from '../media-types.ts';

/** The documents there are schemas for, by what `mediaTypes` calls them. */
export interface Documents {
  descriptor: Descriptor;
  layoutHeader: LayoutHeader;
  index: ImageIndex;
  manifest: ImageManifest;
  config: ImageConfig;
  dockerIndex: DockerManifestList;
  dockerManifest: DockerManifest;
  dockerConfig: DockerImageConfig;
}

export type DocumentKind = keyof Documents;

/** The type of the document with this media type; of another one it is that of a manifest or an index. */
export type DocumentOf<MediaType extends string> = {
  [Kind in DocumentKind]: MediaType extends (typeof mediaTypes)[Kind] ? Documents[Kind] : never;
}[DocumentKind] extends infer Found
  ? [Found] extends [never]
    ? ImageManifest | ImageIndex
    : Found
  : never;

export const schemas: { readonly [Kind in DocumentKind]: z.ZodType<Documents[Kind]> } = {
  descriptor: Descriptor,
  layoutHeader: LayoutHeader,
  index: ImageIndex,
  manifest: ImageManifest,
  config: ImageConfig,
  dockerIndex: DockerManifestList,
  dockerManifest: DockerManifest,
  dockerConfig: DockerImageConfig,
};

/** As messages call them. */
export const names: Readonly<Record<DocumentKind, string>> = {
  descriptor: 'descriptor',
  layoutHeader: 'layout header',
  index: 'image index',
  manifest: 'image manifest',
  config: 'image config',
  dockerIndex: 'manifest list of Docker',
  dockerManifest: 'image manifest of Docker',
  dockerConfig: 'image config of Docker',
};

export function kindOfMediaType(essence: string): DocumentKind | undefined {
  return byMediaType.get(essence);
}

const byMediaType = new Map(
  (Object.keys(schemas) as DocumentKind[]).map((kind): [string, DocumentKind] => [mediaTypes[kind], kind]),
);
