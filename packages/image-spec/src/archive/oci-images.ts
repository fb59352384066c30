/** An image layout in a tar: `oci-layout`, `index.json`, `blobs/<algorithm>/<encoded>`. */

import { readDocument } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import { type Digest, isDigest } from '../digest.ts';
import { parseImageIndex, parseImageManifest } from '../document.ts';
import { ImageSpecError } from '../error.ts';
import type { ImageManifest } from '../image-manifest.ts';
import { checkHeader } from '../layout/header.ts';
import { containerdAnnotation, nameAnnotation } from '../layout/names.ts';
import { walk } from '../layout/walk.ts';
import { describeMediaType, mediaTypeEssence } from '../media-types.ts';
import type { ArchivedImage } from './archived-image.ts';
import type { Contents } from './contents.ts';

export const layoutFile = 'oci-layout';
export const indexFile = 'index.json';

/** Throws LAYOUT_INVALID, DOCUMENT_INVALID. */
export async function ociImages(contents: Contents): Promise<ArchivedImage[]> {
  checkHeader(await contents.document(layoutFile), contents.place);
  const { manifests } = parseImageIndex(await contents.document(indexFile));
  const images = new Map<Digest, { descriptor: Descriptor; names: string[] }>();
  for (const entry of manifests) {
    const image = images.get(entry.digest) ?? { descriptor: withoutNames(entry), names: [] };
    const name = entry.annotations?.[containerdAnnotation] ?? entry.annotations?.[nameAnnotation];
    if (name !== undefined && !image.names.includes(name)) image.names.push(name);
    images.set(entry.digest, image);
  }
  return [...images.values()];
}

/** The manifests of images that it leads to, as far as they are there. */
export async function imageManifests({ source }: Contents, { descriptor }: ArchivedImage): Promise<ImageManifest[]> {
  const manifests = new Map<Digest, Descriptor>();
  const seen = new Set<string>();
  const enter = (entry: Descriptor, from: Descriptor | undefined) => {
    const { kind } = describeMediaType(entry.mediaType);
    if (from !== undefined && kind === 'config') manifests.set(from.digest, from);
    // What a manifest is about is another image.
    const isSubject =
      from !== undefined && describeMediaType(from.mediaType).kind === 'manifest' && kind === 'manifest';
    const key = `${mediaTypeEssence(entry.mediaType)} ${entry.digest} ${entry.size}`;
    return !isSubject && !seen.has(key) && seen.add(key) !== undefined;
  };
  const failed = (error: unknown) => {
    if (!(error instanceof ImageSpecError && error.code === 'BLOB_MISSING')) throw error;
  };
  await walk(source, descriptor, { enter, failed });
  const images: ImageManifest[] = [];
  for (const manifest of manifests.values()) {
    images.push(parseImageManifest(await readDocument(source, manifest), manifest));
  }
  return images.filter(({ config }) => describeMediaType(config.mediaType).kind === 'config');
}

/** The digest that the name of a member promises. */
export function promisedDigest(name: string): Digest | undefined {
  const [, algorithm, encoded] = /^blobs\/([^/]+)\/([^/]+)$/.exec(name) ?? [];
  const digest = `${algorithm}:${encoded}`;
  return isDigest(digest) ? digest : undefined;
}

function withoutNames({ annotations, ...entry }: Descriptor): Descriptor {
  const { [containerdAnnotation]: _, [nameAnnotation]: __, ...others } = annotations ?? {};
  return Object.keys(others).length === 0 ? entry : { ...entry, annotations: others };
}
