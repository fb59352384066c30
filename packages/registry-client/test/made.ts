import { randomBytes } from 'node:crypto';
import { type Descriptor, digestOf, MemoryStore, mediaTypes } from '@estiba/image-spec';

/** A layer of random bytes; it is no archive, which no registry looks at. */
export function makeLayer(store: MemoryStore, size: number): Descriptor {
  return store.add(randomBytes(size), mediaTypes.layer);
}

/** An image with these layers. */
export function makeImage(store: MemoryStore, layers: readonly Descriptor[], extra: object = {}): Descriptor {
  const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) };
  const made = randomBytes(8).toString('hex');
  const config = store.addJson({ os: 'linux', architecture: 'amd64', author: made, rootfs }, mediaTypes.config);
  return addManifest(store, { config, layers, ...extra });
}

export function addManifest(store: MemoryStore, document: object): Descriptor {
  return store.addJson({ schemaVersion: 2, mediaType: mediaTypes.manifest, ...document }, mediaTypes.manifest);
}

/** An index of images, the first for amd64, the second for arm64. */
export function makeIndex(store: MemoryStore, images: readonly Descriptor[], extra: object = {}): Descriptor {
  const manifests = images.map((image, place) => ({
    ...image,
    platform: { os: 'linux', architecture: place === 0 ? 'amd64' : 'arm64' },
  }));
  return store.addJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests, ...extra }, mediaTypes.index);
}

/** Something that is about something else. */
export function makeReferrer(store: MemoryStore, subject: Descriptor, artifactType: string): Descriptor {
  const config = store.add('{}', mediaTypes.empty);
  const layers = [store.add(randomBytes(100), artifactType)];
  const { mediaType, digest, size } = subject;
  return addManifest(store, { artifactType, config, layers, subject: { mediaType, digest, size } });
}

/** The digest of nothing that there is. */
export const nowhere = digestOf('nowhere');

export async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

export { MemoryStore };
