import type { Digest } from '../digest.ts';
import type { ArchivedImage, ArchiveFormat } from './archived-image.ts';
import type { Contents } from './contents.ts';
import { dockerEntries, dockerImages, dockerManifestFile } from './docker-images.ts';
import { shown } from './member-name.ts';
import { invalid } from './members.ts';
import { configsOf, indexFile, layoutFile, ociImages } from './oci-images.ts';

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
  const images = new Map<Digest, ArchivedImage>();
  const made = new Map<Digest, Buffer>();
  for (const { descriptor, names, manifest } of await dockerImages(contents)) {
    const known = images.get(descriptor.digest)?.names ?? [];
    images.set(descriptor.digest, { descriptor, names: [...new Set([...known, ...names])] });
    made.set(descriptor.digest, manifest);
  }
  return { images: [...images.values()], made };
}

async function bothForms(contents: Contents, images: readonly ArchivedImage[]): Promise<ArchivedImage[]> {
  const configs = await Promise.all(images.map((image) => configsOf(contents, image)));
  const tags = images.map(({ names }) => [...names]);
  for (const { Config, RepoTags } of await dockerEntries(contents)) {
    const digest = await (await contents.member(Config)).digest();
    const at = configs.findIndex((digests) => digests.has(digest));
    if (at === -1) {
      const why = `${dockerManifestFile} names ${shown(Config)}, of which ${indexFile} does not know; say by format which one counts`;
      throw invalid(contents.place, why);
    }
    if (images[at]?.names.length === 0) tags[at]?.push(...(RepoTags ?? []));
  }
  return images.map(({ descriptor }, at) => ({ descriptor, names: [...new Set(tags[at])] }));
}
