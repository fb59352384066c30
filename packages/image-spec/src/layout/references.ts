import type { BlobSource } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import { ImageSpecError } from '../error.ts';
import type { ImageIndex } from '../image-index.ts';
import { describeMediaType, mediaTypeEssence } from '../media-types.ts';
import { blobFiles } from './blob-files.ts';
import type { LayoutProblem, LayoutProblemKind } from './layout-problem.ts';
import { walk } from './walk.ts';

/** Whether everything that the index leads to is there, and is what it is said to be. */
export async function checkReferences(
  layout: BlobSource & { readonly directory: string },
  index: ImageIndex,
  { signal }: { readonly signal?: AbortSignal | undefined },
): Promise<LayoutProblem[]> {
  const sizes = new Map<Digest, number>();
  for await (const { digest, stats } of blobFiles(layout.directory)) sizes.set(digest, stats.size);
  const problems = new Map<string, LayoutProblem>();
  const seen = new Set<string>();
  const enter = (descriptor: Descriptor, from: Descriptor | undefined) => {
    signal?.throwIfAborted();
    const problem = referenceProblem(descriptor, from, sizes);
    const key = `${mediaTypeEssence(descriptor.mediaType)} ${descriptor.digest} ${descriptor.size}`;
    if (problem !== undefined && !problems.has(key)) problems.set(key, problem);
    return !seen.has(key) && seen.add(key) !== undefined && sizes.get(descriptor.digest) === descriptor.size;
  };
  const failed = (error: unknown, descriptor: Descriptor, from: Descriptor | undefined) => {
    // Said already, of the file.
    if (error instanceof ImageSpecError && error.code === 'DIGEST_MISMATCH') return;
    const { message } = error as Error;
    problems.set(`document ${descriptor.digest}`, problemOf('document-invalid', descriptor, from, message));
  };
  for (const root of index.manifests) await walk(layout, root, { enter, failed });
  return [...problems.values()];
}

function referenceProblem(
  descriptor: Descriptor,
  from: Descriptor | undefined,
  sizes: ReadonlyMap<Digest, number>,
): LayoutProblem | undefined {
  const size = sizes.get(descriptor.digest);
  if (size === undefined) {
    // Other platforms, and what an artifact is about, may be elsewhere.
    const isOptional =
      from !== undefined && ['index', 'manifest'].includes(describeMediaType(descriptor.mediaType).kind);
    return isOptional ? undefined : problemOf('blob-missing', descriptor, from, 'it is not there');
  }
  if (size === descriptor.size) return undefined;
  return problemOf('size-wrong', descriptor, from, `the file has ${size} bytes, expected ${descriptor.size}`);
}

function problemOf(
  kind: LayoutProblemKind,
  { digest }: Descriptor,
  from: Descriptor | undefined,
  message: string,
): LayoutProblem {
  const path = `blobs/${digest.replace(':', '/')}`;
  return { kind, path, digest, from: from === undefined ? 'index.json' : from.digest, message, removed: false };
}
