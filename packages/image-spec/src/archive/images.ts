import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import type { ArchivedImage, ArchiveFormat } from './archived-image.ts';
import { bothForms } from './both-forms.ts';
import type { Contents } from './contents.ts';
import { dockerImages, dockerManifestFile } from './docker-images.ts';
import { invalid } from './members.ts';
import { indexFile, layoutFile, ociImages } from './oci-images.ts';

export interface FoundImages {
  readonly images: readonly ArchivedImage[];
  /** Manifests that were made, because the archive has none. */
  readonly made: ReadonlyMap<Digest, Buffer>;
}

/**
 * The images of an archive. What Docker writes since version 25 has both forms: they must tell of the same images, or one
 * program would load this and another that; `format` says which one counts.
 */
export async function findImages(contents: Contents, format: ArchiveFormat | undefined): Promise<FoundImages> {
  const isOci = contents.has(layoutFile) && contents.has(indexFile);
  const isDocker = contents.has(dockerManifestFile);
  if (format === 'docker-archive' || (format === undefined && !isOci && isDocker)) return docker(contents);
  if (format === 'oci-archive' || isOci) {
    const images = await ociImages(contents);
    return { images: isDocker && format === undefined ? await bothForms(contents, images) : images, made: new Map() };
  }
  const why = contents.has('repositories')
    ? 'it was written by a Docker before 1.10; save the image again with a current one'
    : 'it has no manifest.json, and no oci-layout with an index.json';
  throw invalid(contents.place, why);
}

async function docker(contents: Contents): Promise<FoundImages> {
  const images = new Map<Digest, { descriptor: Descriptor; names: Set<string> }>();
  const made = new Map<Digest, Buffer>();
  // Docker, too, gives a name to the last that has it.
  const owners = new Map<string, Digest>();
  for (const { descriptor, names, manifest } of await dockerImages(contents)) {
    const image = images.get(descriptor.digest) ?? { descriptor, names: new Set() };
    images.set(descriptor.digest, image);
    made.set(descriptor.digest, manifest);
    for (const name of names) {
      image.names.add(name);
      owners.set(name, descriptor.digest);
    }
  }
  const owned = [...images.values()].map(({ descriptor, names }) => ({
    descriptor,
    names: [...names].filter((name) => owners.get(name) === descriptor.digest),
  }));
  return { images: owned, made };
}
