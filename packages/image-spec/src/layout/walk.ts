import { type BlobSource, readDocument } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import { isImageIndex, parseManifest } from '../document.ts';
import { describeMediaType } from '../media-types.ts';

export interface Visitor {
  /** Whether to look inside, where it is a manifest or an index. `from` is what names it; nothing for the first. */
  enter(descriptor: Descriptor, from: Descriptor | undefined): boolean;
  /** A document that cannot be read or trusted. */
  failed(error: unknown, descriptor: Descriptor, from: Descriptor | undefined): void;
}

/** Everything that an entry of an index leads to, itself first. */
export async function walk(
  source: BlobSource,
  descriptor: Descriptor,
  visitor: Visitor,
  from?: Descriptor,
): Promise<void> {
  if (!visitor.enter(descriptor, from)) return;
  for (const child of await childrenOf(source, descriptor, visitor, from)) {
    await walk(source, child, visitor, descriptor);
  }
}

async function childrenOf(
  source: BlobSource,
  descriptor: Descriptor,
  visitor: Visitor,
  from: Descriptor | undefined,
): Promise<Descriptor[]> {
  const { kind } = describeMediaType(descriptor.mediaType);
  if (kind !== 'index' && kind !== 'manifest') return [];
  try {
    const document = parseManifest(await readDocument(source, descriptor), descriptor);
    const children = isImageIndex(document) ? document.manifests : [document.config, ...document.layers];
    return document.subject === undefined ? children : [...children, document.subject];
  } catch (error) {
    visitor.failed(error, descriptor, from);
    return [];
  }
}
