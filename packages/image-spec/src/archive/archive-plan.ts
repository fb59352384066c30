import type { BlobSource } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import { ImageSpecError } from '../error.ts';
import { loadImage } from '../image.ts';
import type { ImageManifest } from '../image-manifest.ts';
import { layoutHeader } from '../layout/header.ts';
import { containerdAnnotation, named } from '../layout/names.ts';
import { mediaTypes } from '../media-types.ts';
import type { Platform } from '../platform.ts';
import { familiarName, parseReference } from '../reference.ts';
import { closureOf } from './closure.ts';
import { dockerManifestFile } from './docker-images.ts';
import { indexFile, layoutFile } from './oci-images.ts';
import { uncompressed } from './uncompressed.ts';

/** An image for an archive. */
export interface ArchiveImage {
  readonly source: BlobSource;
  /** Of a manifest or an index. */
  readonly descriptor: Descriptor;
  /** In a docker-archive names with tags, as `alpine:3`. */
  readonly names?: readonly string[] | undefined;
}

export interface PlanOptions {
  readonly layers: 'stored' | 'uncompressed';
  readonly platform: Platform | undefined;
  readonly signal: AbortSignal | undefined;
}

/** What is going to be in an archive. */
export interface ArchivePlan {
  readonly documents: Map<string, Buffer>;
  readonly blobs: Map<Digest, PlannedBlob>;
}

export interface PlannedBlob {
  readonly descriptor: Descriptor;
  readonly source: BlobSource;
  /** It may be elsewhere: its descriptor says where. */
  readonly isOptional: boolean;
}

export async function planOciArchive(
  images: Iterable<ArchiveImage>,
  { signal }: Pick<PlanOptions, 'signal'>,
): Promise<ArchivePlan> {
  const blobs = new Map<Digest, PlannedBlob>();
  const manifests: Descriptor[] = [];
  for (const { source, descriptor, names = [] } of images) {
    const all = await closureOf(source, descriptor, { signal });
    for (const blob of all) blobs.set(blob.digest, { descriptor: blob, source, isOptional: blob.urls !== undefined });
    manifests.push(...entriesOf(descriptor, names, (name) => named(descriptor, name)));
  }
  return {
    documents: new Map([
      [layoutFile, Buffer.from(layoutHeader)],
      [indexFile, indexOf(manifests)],
    ]),
    blobs,
  };
}

/** Both forms, as Docker writes them since version 25: older ones read `manifest.json` alone. */
export async function planDockerArchive(
  images: Iterable<ArchiveImage>,
  { layers, platform, signal }: PlanOptions,
): Promise<ArchivePlan> {
  const blobs = new Map<Digest, PlannedBlob>();
  const manifests: Descriptor[] = [];
  const entries: object[] = [];
  for (const { names = [], ...image } of images) {
    // A docker-archive has no index.
    const { descriptor } = await loadImage(image.source, image.descriptor, { ...(platform && { platform }), signal });
    const single = { source: image.source, descriptor };
    const { source, descriptor: stored } = layers === 'stored' ? single : await uncompressed(single, { signal });
    const all = await closureOf(source, stored, { signal });
    // Its `manifest.json` names files, of which none may be missing.
    for (const blob of all) blobs.set(blob.digest, { descriptor: blob, source, isOptional: false });
    const { manifest } = await loadImage(source, stored, { signal });
    const tags = names.map(tagged);
    entries.push(
      dockerEntry(
        manifest,
        tags.map(({ familiar }) => familiar),
      ),
    );
    manifests.push(
      ...entriesOf(stored, tags, ({ full, tag }) => {
        const entry = named(stored, tag);
        return { ...entry, annotations: { ...entry.annotations, [containerdAnnotation]: full } };
      }),
    );
  }
  const documents = new Map([
    [layoutFile, Buffer.from(layoutHeader)],
    [indexFile, indexOf(manifests)],
    [dockerManifestFile, Buffer.from(JSON.stringify(entries))],
  ]);
  return { documents, blobs };
}

export function blobName(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function entriesOf<Name>(
  descriptor: Descriptor,
  names: readonly Name[],
  entry: (name: Name) => Descriptor,
): Descriptor[] {
  return names.length === 0 ? [descriptor] : names.map(entry);
}

function indexOf(manifests: readonly Descriptor[]): Buffer {
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }));
}

function dockerEntry({ config, layers }: ImageManifest, tags: readonly string[]): object {
  return {
    Config: blobName(config.digest),
    RepoTags: tags,
    Layers: layers.map(({ digest }) => blobName(digest)),
  };
}

function tagged(name: string): { familiar: string; full: string; tag: string } {
  const reference = parseReference(name);
  const { tag, digest } = reference;
  if (tag !== undefined && digest === undefined)
    return { familiar: familiarName(reference), full: `${reference}`, tag };
  const why = 'in a docker-archive a name has a tag and no digest';
  throw new ImageSpecError('REFERENCE_INVALID', `cannot write image name ${JSON.stringify(name)}: ${why}`);
}
