import type { Readable } from 'node:stream';
import { artifactTypeOf } from '../artifact.ts';
import { type BlobSource, readDocument } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import { parseImageManifest } from '../document.ts';
import type { ImageManifest } from '../image-manifest.ts';
import type { Awaitable } from './image-view.ts';
import type { OpenOptions } from './open-options.ts';
import { remembered } from './remembered.ts';

/**
 * Anything that has a manifest, seen as what it is made of: a signature, a bill of materials, a chart, an image too.
 * https://github.com/opencontainers/image-spec/blob/main/manifest.md#guidelines-for-artifact-usage
 */
export interface ArtifactView {
  readonly source: BlobSource;
  readonly descriptor: Awaitable<Descriptor>;
  readonly manifest: Awaitable<ImageManifest>;
  /** What it is: its own word for it, or else the media type of its config. */
  readonly artifactType: Awaitable<string>;
  /** What it is about. */
  readonly subject: Awaitable<Descriptor | undefined>;
  blobs(): AsyncIterableIterator<ArtifactBlob>;
}

export interface ArtifactBlob {
  readonly descriptor: Descriptor;
  open(options?: { signal?: AbortSignal | undefined }): Promise<Readable>;
}

/** Reads nothing before somebody asks. */
export function openArtifact(source: BlobSource, descriptor: Descriptor, options: OpenOptions = {}): ArtifactView {
  const manifest = remembered(async () => {
    return parseImageManifest(await readDocument(source, descriptor, options), descriptor);
  });
  return {
    source,
    descriptor,
    get manifest() {
      return manifest();
    },
    get artifactType() {
      return manifest().then(artifactTypeOf);
    },
    get subject() {
      return manifest().then(({ subject }) => subject);
    },
    async *blobs() {
      for (const blob of (await manifest()).layers) {
        yield { descriptor: blob, open: ({ signal = options.signal } = {}) => source.blob(blob, { signal }) };
      }
    },
  };
}
