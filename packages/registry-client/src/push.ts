import {
  type BlobSource,
  type Descriptor,
  describeMediaType,
  ImageSpecError,
  type Reference,
} from '@estiba/image-spec';
import { atLeastOne } from './amounts.ts';
import { Content } from './content.ts';
import { type DocumentTree, readTree, type TreeDocument } from './document-tree.ts';
import { type Limit, limitTo } from './limit.ts';
import type { TransferProgress } from './progress.ts';
import { putManifest, standing } from './put-manifest.ts';
import { nameReferrer } from './referrers-list.ts';
import { together } from './together.ts';
import type { Transport } from './transport.ts';
import { upload } from './upload.ts';
import type { Whereabouts } from './whereabouts.ts';

export interface PushOptions {
  /** Where the content is read: a layout, an archive, a registry, memory. */
  readonly from: BlobSource;
  /** More tags for the same. */
  readonly tags?: readonly string[] | undefined;
  /** Repositories of the same registry that may have some of the blobs, so that it takes them from there. */
  readonly mountFrom?: string | readonly string[] | undefined;
  /** How many blobs at once; 4 unless told. */
  readonly concurrency?: number | undefined;
  /** Send blobs in pieces of so many bytes, for what stands before a registry and refuses long requests. Whole unless told. */
  readonly chunkBytes?: number | undefined;
  /** Offer blobs of up to so many bytes with the first request, which saves one where the registry can; 0 unless told. */
  readonly singlePostBytes?: number | undefined;
  /** Also send layers that are not meant to be distributed, where the source has them. */
  readonly foreignLayers?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
}

export interface PushContext {
  readonly transport: Transport;
  readonly whereabouts: Whereabouts;
  /** Where the source is a registry, too: its limit counts as well. */
  readonly sourceRegistry?: string;
}

/**
 * Copies a manifest, or an index with all that it names, into a registry: blobs that are missing there, then the manifests
 * of an index, and last what was asked for, as everything else can be found from there.
 */
export async function push(
  context: PushContext,
  root: Descriptor,
  reference: Reference,
  options: PushOptions,
): Promise<DocumentTree> {
  const { transport, whereabouts, sourceRegistry = reference.registry } = context;
  const { from, signal } = options;
  checkDigest(root, reference);
  checkPieces(options);
  const own = limitTo(atLeastOne('concurrency', options.concurrency ?? 4));
  const tree = await readTree(from, root, { limit: own, signal });
  const tags = [...new Set([...(reference.tag === undefined ? [] : [reference.tag]), ...(options.tags ?? [])])];
  const left = await tagsToSet(transport, reference, root, tags, signal);
  const shared = transport.limits.of(reference.registry, sourceRegistry);
  const limit: Limit = (task, waiting) => own(() => shared(task, waiting), waiting);
  await pushBlobs(context, reference, tree, limit, options);
  for (const { descriptor, error } of tree.absent) {
    if ((await standing(transport, reference, descriptor.digest, signal)) === undefined) throw error;
  }
  for (const one of tree.documents) {
    const { digest } = one.descriptor;
    const named = digest === root.digest ? left : [];
    // Where the root stands there is hardly anything to do; something may have gone missing below it, though.
    const stands =
      left === undefined && (named ?? (await standing(transport, reference, digest, signal))) !== undefined;
    if (one.document.subject !== undefined || !stands) {
      await pushDocument(transport, reference, one, named ?? tags, signal);
    }
    whereabouts.sawManifest(reference.registry, reference.repository, one.document);
  }
  return tree;
}

function checkDigest({ digest }: Descriptor, reference: Reference): void {
  if (reference.digest === undefined || reference.digest === digest) return;
  throw new ImageSpecError(
    'DIGEST_MISMATCH',
    `cannot push ${digest} as ${reference}: that is the name of something else`,
  );
}

function checkPieces({ chunkBytes = 1 }: PushOptions): void {
  if (!(chunkBytes >= 1)) throw new TypeError(`\`chunkBytes\` is to be at least 1: ${chunkBytes}`);
}

/** Those that do not stand for it yet; nothing where all do. Some registries refuse to set a tag again, even to the same. */
async function tagsToSet(
  transport: Transport,
  reference: Reference,
  { digest }: Descriptor,
  tags: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string[] | undefined> {
  const names = tags.length > 0 ? tags : [digest];
  const stand = await Promise.all(names.map((name) => standing(transport, reference, name, signal)));
  const left = names.filter((_, place) => stand[place] !== digest);
  return left.length === 0 ? undefined : left.filter((name) => name !== digest);
}

async function pushBlobs(
  context: PushContext,
  reference: Reference,
  { blobs }: DocumentTree,
  limit: Limit,
  options: PushOptions,
): Promise<void> {
  const group = new AbortController();
  const signal = options.signal === undefined ? group.signal : AbortSignal.any([options.signal, group.signal]);
  const wanted = blobs.filter(({ mediaType, urls = [] }) => {
    return options.foreignLayers || urls.length === 0 || !describeMediaType(mediaType).foreign;
  });
  for (const { digest, size } of wanted) options.onProgress?.({ digest, done: 0, total: size, status: 'waiting' });
  const tasks = wanted.map((blob) =>
    limit(() => pushBlob(context, reference, blob, { ...options, signal }), { signal }),
  );
  await together(group, tasks);
  options.signal?.throwIfAborted();
}

const reportEvery = 1024 * 1024;

async function pushBlob(
  { transport, whereabouts }: PushContext,
  reference: Reference,
  descriptor: Descriptor,
  options: PushOptions & { readonly signal: AbortSignal },
): Promise<void> {
  const { from, signal, onProgress, mountFrom = [] } = options;
  signal.throwIfAborted();
  const { registry, repository } = reference;
  const { digest, size: total } = descriptor;
  const others = [...(typeof mountFrom === 'string' ? [mountFrom] : mountFrom), ...whereabouts.of(registry, digest)];
  await using content = new Content(from, descriptor, signal);
  let told = { done: Number.NEGATIVE_INFINITY, resumed: 0 };
  const status = await upload(transport, {
    reference,
    content,
    mountFrom: [...new Set(others)].filter((other) => other !== repository),
    chunkBytes: options.chunkBytes,
    singlePostBytes: options.singlePostBytes ?? 0,
    signal,
    report(done, resumed) {
      if (done >= told.done && done - told.done < reportEvery && resumed === told.resumed) return;
      told = { done, resumed };
      onProgress?.({ digest, done, total, status: 'transferring', ...(resumed > 0 && { resumed }) });
    },
  });
  whereabouts.saw(registry, repository, descriptor);
  onProgress?.({ digest, done: total, total, status, ...(told.resumed > 0 && { resumed: told.resumed }) });
}

async function pushDocument(
  transport: Transport,
  reference: Reference,
  { descriptor, bytes, document }: TreeDocument,
  tags: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { subjectKept } = await putManifest(transport, reference, { descriptor, bytes, tags, signal });
  if (document.subject !== undefined && !subjectKept) {
    await nameReferrer(transport, reference, document.subject, { descriptor, document, signal });
  }
}
