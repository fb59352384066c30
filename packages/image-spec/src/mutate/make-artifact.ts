import { emptyContent, emptyDescriptor } from '../artifact.ts';
import type { BlobSource } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import { parseImageManifest } from '../document.ts';
import { mediaTypes } from '../media-types.ts';
import { type ArtifactView, openArtifact } from '../view/artifact-view.ts';
import type { Awaitable } from '../view/image-view.ts';
import { MemoryStore } from '../view/memory-store.ts';

/** A content at hand, or one that is somewhere already. */
export type ArtifactContent =
  | {
      readonly bytes: Uint8Array | string;
      readonly mediaType: string;
      readonly annotations?: Readonly<Record<string, string>> | undefined;
    }
  | { readonly blob: Descriptor; readonly source: BlobSource };

export interface ArtifactOptions {
  /** What it is, as a media type. */
  readonly artifactType: string;
  readonly blobs?: readonly ArtifactContent[] | undefined;
  /** What it is about: an image, an index, another artifact. */
  readonly subject?: Descriptor | { readonly descriptor: Awaitable<Descriptor> } | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/**
 * A signature, a bill of materials, or whatever else is kept beside images. Throws DOCUMENT_INVALID.
 * https://github.com/opencontainers/image-spec/blob/main/manifest.md#guidelines-for-artifact-usage
 */
export async function makeArtifact(options: ArtifactOptions): Promise<ArtifactView> {
  const { artifactType, blobs = [], annotations } = options;
  const store = new MemoryStore();
  const sources = new Map<Digest, BlobSource>();
  const contents = blobs.map((content): Descriptor => {
    if ('bytes' in content) {
      const descriptor = store.add(content.bytes, content.mediaType);
      return content.annotations === undefined ? descriptor : { ...descriptor, annotations: content.annotations };
    }
    sources.set(content.blob.digest, content.source);
    return content.blob;
  });
  store.add(emptyContent(), mediaTypes.empty);
  const subject = await subjectOf(options.subject);
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType,
    config: emptyDescriptor,
    // The specification wants one at least.
    layers: contents.length === 0 ? [emptyDescriptor] : contents,
    ...(subject && { subject }),
    ...(annotations && { annotations }),
  };
  parseImageManifest(Buffer.from(JSON.stringify(manifest)));
  return openArtifact(
    { blob: (wanted, how) => (sources.get(wanted.digest) ?? store).blob(wanted, how) },
    store.addJson(manifest, mediaTypes.manifest),
  );
}

/** Without what only the entry of an index says. */
export async function subjectOf(
  subject: ArtifactOptions['subject'],
): Promise<Pick<Descriptor, 'mediaType' | 'digest' | 'size'> | undefined> {
  if (subject === undefined) return undefined;
  const { mediaType, digest, size } = 'digest' in subject ? subject : await subject.descriptor;
  return { mediaType, digest, size };
}
