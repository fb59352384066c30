/** An image layout in a tar: `oci-layout`, `index.json`, `blobs/<algorithm>/<encoded>`. */

import type { Descriptor } from '../descriptor.ts';
import { type Digest, isDigest } from '../digest.ts';
import { parseImageIndex } from '../document.ts';
import { checkHeader } from '../layout/header.ts';
import { nameAnnotation } from '../layout/names.ts';
import { walk } from '../layout/walk.ts';
import { describeMediaType } from '../media-types.ts';
import type { ArchivedImage } from './archived-image.ts';
import type { Contents } from './contents.ts';

export const layoutFile = 'oci-layout';
export const indexFile = 'index.json';

/** The full name, which Docker and containerd add where the other annotation has only the tag. */
export const containerdAnnotation = 'io.containerd.image.name';

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

/** The digests of the configs of all its manifests that are there. */
export async function configsOf(contents: Contents, { descriptor }: ArchivedImage): Promise<Set<Digest>> {
  const configs = new Set<Digest>();
  const enter = ({ mediaType, digest }: Descriptor) => {
    if (describeMediaType(mediaType).kind === 'config') configs.add(digest);
    return true;
  };
  await walk(contents.source, descriptor, { enter, failed: () => {} });
  return configs;
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
