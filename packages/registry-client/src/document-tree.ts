import {
  type BlobSource,
  type Descriptor,
  type Digest,
  describeMediaType,
  type ImageIndex,
  type ImageManifest,
  ImageSpecError,
  isImageIndex,
  parseManifest,
  readDocument,
} from '@estiba/image-spec';
import { abortable } from './abortable.ts';
import type { Limit } from './limit.ts';
import { together } from './together.ts';

/** A manifest or an index, with its bytes. */
export interface TreeDocument {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
  readonly document: ImageManifest | ImageIndex;
}

/** All that hangs on one manifest or index. */
export interface DocumentTree {
  /** Whatever is named by another of them comes before it; the last is the one that was asked for. */
  readonly documents: readonly TreeDocument[];
  /** Configurations, layers, and what an index names in other types, each once. */
  readonly blobs: readonly Descriptor[];
  /** What an index names and the source does not have: often an image for another platform. */
  readonly absent: readonly { readonly descriptor: Descriptor; readonly error: Error }[];
}

/** An index may hold indexes. Real ones nest once; a hostile one could nest for ever. */
export const deepest = 4;
const mostBytes = 64 * 1024 * 1024;

/** Rejects with what reading and parsing of documents throws. */
export async function readTree(
  source: BlobSource,
  root: Descriptor,
  options: { limit: Limit; signal?: AbortSignal | undefined },
): Promise<DocumentTree> {
  const group = new AbortController();
  const signal = options.signal === undefined ? group.signal : AbortSignal.any([options.signal, group.signal]);
  const documents = new Map<Digest, TreeDocument>();
  const absent = new Map<Digest, { descriptor: Descriptor; error: Error }>();
  let bytes = 0;
  const read = async (descriptor: Descriptor) => {
    try {
      const found = documents.get(descriptor.digest) ?? (await readOne(source, descriptor, signal));
      if (!documents.has(descriptor.digest)) bytes += found.bytes.length;
      if (bytes > mostBytes) throw tooMuch(root);
      return found;
    } catch (error) {
      if (descriptor === root || !isMissing(error)) throw error;
      absent.set(descriptor.digest, { descriptor, error });
    }
  };
  let level: Descriptor[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) throw tooDeep(root);
    const tasks = level.map((descriptor) => options.limit(() => read(descriptor), { signal }));
    await together(group, tasks);
    const found = (await Promise.all(tasks)).filter((one) => one !== undefined);
    for (const one of found) {
      // One that was named further up, too, belongs to the lower place.
      documents.delete(one.descriptor.digest);
      documents.set(one.descriptor.digest, one);
    }
    level = unique(found.flatMap(({ document }) => (isImageIndex(document) ? document.manifests.filter(isTree) : [])));
  }
  const blobs = [...documents.values()].flatMap(({ document }) =>
    isImageIndex(document)
      ? document.manifests.filter((entry) => !isTree(entry))
      : [document.config, ...document.layers],
  );
  return { documents: [...documents.values()].reverse(), blobs: unique(blobs), absent: [...absent.values()] };
}

async function readOne(
  source: BlobSource,
  descriptor: Descriptor,
  signal: AbortSignal | undefined,
): Promise<TreeDocument> {
  if (!isTree(descriptor)) {
    const why = `${descriptor.mediaType} is neither a manifest nor an index`;
    throw new ImageSpecError('MEDIA_TYPE_UNSUPPORTED', `cannot read ${descriptor.digest}: ${why}`);
  }
  const bytes = await abortable(readDocument(source, descriptor, { signal }), signal);
  return { descriptor, bytes, document: parseManifest(bytes, descriptor) };
}

/** Whether more hangs on it. What an index names in a type that nobody knows here is content like any other. */
function isTree({ mediaType }: Descriptor): boolean {
  const { kind } = describeMediaType(mediaType);
  return kind === 'manifest' || kind === 'index';
}

function unique(descriptors: readonly Descriptor[]): Descriptor[] {
  return [...new Map(descriptors.map((descriptor) => [descriptor.digest, descriptor])).values()];
}

function isMissing(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const { code, status } = error as { code?: unknown; status?: unknown };
  return code === 'BLOB_MISSING' || status === 404;
}

export function tooDeep({ digest }: Descriptor): ImageSpecError {
  return new ImageSpecError('DOCUMENT_INVALID', `cannot read image index ${digest}: nested more than ${deepest} deep`);
}

function tooMuch({ digest }: Descriptor): ImageSpecError {
  const why = `it and what it names are longer than ${mostBytes} bytes`;
  return new ImageSpecError('DOCUMENT_TOO_LARGE', `cannot read image index ${digest}: ${why}`);
}
