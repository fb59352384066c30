import type { BlobSource } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import { ImageSpecError } from '../error.ts';
import { mediaTypeEssence } from '../media-types.ts';
import { blobFiles } from './blob-files.ts';
import { readIndexFile } from './index-file.ts';
import { nameOf } from './names.ts';
import { walk } from './walk.ts';

/** All sizes in bytes of content that is there. */
export interface LayoutUsage {
  readonly images: ImageUsage[];
  readonly total: number;
  /** Of that, what no entry of the index leads to: `prune` would remove it, unless it is leased. */
  readonly unreferenced: number;
}

export interface ImageUsage {
  /** None where the entry of the index has none. */
  readonly name: string | undefined;
  readonly descriptor: Descriptor;
  /** What no other image needs: what would be gained by removing this one. */
  readonly own: number;
  readonly shared: number;
}

/** Two names of one image share all of it. */
export async function layoutUsage(layout: BlobSource & { readonly directory: string }): Promise<LayoutUsage> {
  const sizes = new Map<Digest, number>();
  for await (const { digest, stats } of blobFiles(layout.directory)) sizes.set(digest, stats.size);
  const roots = readIndexFile(layout.directory).manifests;
  const needs: Set<Digest>[] = [];
  // One after the other: each holds a file open, and there may be more images than a process may have files.
  for (const root of roots) needs.push(await needsOf(layout, root));
  const users = new Map<Digest, number>();
  for (const digests of needs) for (const digest of digests) users.set(digest, (users.get(digest) ?? 0) + 1);
  const sum = (digests: Iterable<Digest>, counts: (digest: Digest) => boolean) =>
    [...digests].filter(counts).reduce((bytes, digest) => bytes + (sizes.get(digest) ?? 0), 0);
  return {
    images: roots.map((descriptor, at) => ({
      name: nameOf(descriptor),
      descriptor,
      own: sum(needs[at] ?? [], (digest) => users.get(digest) === 1),
      shared: sum(needs[at] ?? [], (digest) => users.get(digest) !== 1),
    })),
    total: sum(sizes.keys(), () => true),
    unreferenced: sum(sizes.keys(), (digest) => !users.has(digest)),
  };
}

async function needsOf(layout: BlobSource, root: Descriptor): Promise<Set<Digest>> {
  const digests = new Set<Digest>();
  const seen = new Set<string>();
  const enter = ({ digest, mediaType }: Descriptor) => {
    digests.add(digest);
    const key = `${mediaTypeEssence(mediaType)} ${digest}`;
    return !seen.has(key) && seen.add(key) !== undefined;
  };
  const failed = (error: unknown) => {
    // What is missing or no document leads to nothing; `fsck` says why.
    if (!(error instanceof ImageSpecError)) throw error;
  };
  await walk(layout, root, { enter, failed });
  return digests;
}
