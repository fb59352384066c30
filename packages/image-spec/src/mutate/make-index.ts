import type { BlobSource } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import type { Platform } from '../platform.ts';
import type { ArtifactView } from '../view/artifact-view.ts';
import type { ImageView } from '../view/image-view.ts';
import type { IndexView } from '../view/index-view.ts';
import { convertToOci } from './convert-to-oci.ts';
import { DraftImage } from './draft-image.ts';
import { DraftIndex, type IndexParts } from './draft-index.ts';
import { type Family, familyOf, indexTypes } from './families.ts';
import type { BlobTarget } from './image-parts.ts';

export type IndexMember = ImageView | ArtifactView | IndexView;

export interface IndexMemberOptions {
  readonly image: IndexMember;
  /** That of the image's config unless told. */
  readonly platform?: Platform | undefined;
  /** Of the entry, not of the image. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/**
 * An index of images, and of what belongs to them. Images of Docker alone make a manifest list of Docker; as soon as there is
 * anything else, or an annotation, all are in the words of the OCI.
 */
export function makeIndex(
  members: readonly (IndexMember | IndexMemberOptions)[],
  annotations?: Readonly<Record<string, string>>,
): IndexView {
  const listed = members.map((member) => ('image' in member ? member : { image: member }));
  return new DraftIndex(async (into) => {
    const all = await Promise.all(listed.map(({ image }) => familyOfMember(image, into)));
    const family = all.every((each) => each === 'docker') && all.length > 0 && !annotations ? 'docker' : 'oci';
    const sources = new Map<Digest, BlobSource>();
    const manifests: Descriptor[] = [];
    for (const [at, member] of listed.entries()) {
      const image = all[at] === 'docker' && family === 'oci' ? inOciWords(member.image) : member.image;
      manifests.push(await entryOf({ ...member, image }, into));
      for (const digest of await contentsOf(image)) sources.set(digest, image.source);
    }
    return {
      document: { schemaVersion: 2, mediaType: indexTypes[family], manifests, ...(annotations && { annotations }) },
      sources,
      others: listed.flatMap(({ image }) => ('images' in image ? [image.source] : [])),
    } satisfies IndexParts;
  });
}

/** An index inside is left as it is. */
async function familyOfMember(image: IndexMember, into: BlobTarget | undefined): Promise<Family | 'index'> {
  if (image instanceof DraftImage || image instanceof DraftIndex) await image.make(into);
  return 'images' in image ? 'index' : familyOf((await image.descriptor).mediaType);
}

function inOciWords(image: IndexMember): IndexMember {
  return 'layers' in image ? convertToOci(image) : image;
}

async function entryOf(member: IndexMemberOptions, into: BlobTarget | undefined): Promise<Descriptor> {
  const { image, annotations } = member;
  if (image instanceof DraftImage) await image.make(into);
  const { mediaType, digest, size } = await image.descriptor;
  const platform = member.platform ?? ('layers' in image ? await image.platform : undefined);
  return {
    mediaType,
    digest,
    size,
    ...('blobs' in image && { artifactType: await image.artifactType }),
    ...(platform && { platform }),
    ...(annotations && { annotations }),
  };
}

async function contentsOf(image: IndexMember): Promise<Digest[]> {
  const { digest } = await image.descriptor;
  if ('images' in image) return [digest];
  const { config, layers } = await image.manifest;
  return [digest, config.digest, ...layers.map((layer) => layer.digest)];
}
