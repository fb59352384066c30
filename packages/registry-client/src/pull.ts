import type { Readable } from 'node:stream';
import {
  type Descriptor,
  type Image,
  type ImageConfig,
  type ImageLayer,
  type ImageLayout,
  type ImageManifest,
  ImageSpecError,
  imageConfigOf,
  isImageIndex,
  maxDocumentBytes,
  type Platform,
  parseImageConfig,
  type Reference,
  readDocument,
  selectPlatform,
  stackLayers,
} from '@estiba/image-spec';
import { abortable } from './abortable.ts';
import { atLeastOne } from './amounts.ts';
import { type Limit, limitTo } from './limit.ts';
import { type FetchedManifest, fetchManifest } from './manifest.ts';
import type { TransferProgress } from './progress.ts';
import { together } from './together.ts';
import { Transfers } from './transfers.ts';
import type { Transport } from './transport.ts';

export interface PullOptions {
  readonly into: ImageLayout;
  /** Linux on this machine's processor unless told. */
  readonly platform?: Platform | undefined;
  /**
   * What the image is called in the layout. Without it the image has no name, and the next `prune` removes it, unless the
   * caller has a lease.
   */
  readonly tag?: string | undefined;
  /** How many blobs at once; 4 unless told. */
  readonly concurrency?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  /**
   * Called for each layer, lowest first and one at a time, while others are still on their way: the place to unpack. When it
   * rejects, so does the pull.
   */
  readonly onLayer?: ((layer: PulledLayer) => Promise<void>) | undefined;
}

/** A layer that may still be on its way. */
export interface PulledLayer extends ImageLayer {
  /** Waits until the blob is in the layout, verified, and opens it. */
  open(options?: { signal?: AbortSignal | undefined }): Promise<Readable>;
  /**
   * The blob while it arrives. These bytes are verified only when the stream has *ended*: a wrong size or digest is an error
   * in place of the end. Read it to its end, and count what was made of it only then.
   */
  follow(): Promise<Readable>;
}

/**
 * Copies one image into a layout: configuration, layers, and last the manifest, which leads to the others. No process prunes
 * what is there already until all is there.
 */
export async function pull(transport: Transport, reference: Reference, options: PullOptions): Promise<Image> {
  const { into, platform, tag, signal, onProgress } = options;
  const { manifest, fetched, indexed } = await findImage(transport, reference, platform, signal);
  await using lease = await into.lease({ signal });
  const digests = [fetched.descriptor, manifest.config, ...manifest.layers].map(({ digest }) => digest);
  await abortable(lease.add(...digests), signal);
  const group = new AbortController();
  const joined = signal === undefined ? group.signal : AbortSignal.any([signal, group.signal]);
  const own = limitTo(atLeastOne('concurrency', options.concurrency ?? 4));
  const shared = transport.limits.of(reference.registry);
  const limit: Limit = (task, waiting) => own(() => shared(task, waiting), waiting);
  const transfers = new Transfers({ transport, reference, into, limit, signal: joined, onProgress });
  const config = await fetchConfig(transfers, manifest, into, joined);
  // Without an index nothing was chosen; who asked for a platform is told if this is another.
  if (platform !== undefined && !indexed) {
    selectPlatform({ manifests: [{ ...fetched.descriptor, platform: platformOf(config) }] }, platform);
  }
  await together(group, [
    ...manifest.layers.map((descriptor) => transfers.fetch(descriptor).complete),
    handLayers(transfers, manifest, config, options),
  ]);
  signal?.throwIfAborted();
  await into.write(fetched.bytes, { expect: fetched.descriptor });
  if (tag !== undefined) await into.tag(tag, fetched.descriptor, { signal });
  return into.image(fetched.descriptor);
}

const deepest = 4;

async function findImage(
  transport: Transport,
  reference: Reference,
  platform: Platform | undefined,
  signal: AbortSignal | undefined,
): Promise<{ manifest: ImageManifest; fetched: FetchedManifest; indexed: boolean }> {
  let fetched = await fetchManifest(transport, reference, { signal });
  for (let depth = 0; depth < deepest; depth++) {
    if (!isImageIndex(fetched.document)) return { manifest: fetched.document, fetched, indexed: depth > 0 };
    fetched = await fetchManifest(transport, reference, {
      signal,
      expected: selectPlatform(fetched.document, platform),
    });
  }
  throw new ImageSpecError(
    'DOCUMENT_INVALID',
    `cannot read image index ${reference}: nested more than ${deepest} deep`,
  );
}

function platformOf({ os, architecture, variant }: ImageConfig): Platform {
  return { os, architecture, ...(variant !== undefined && { variant }) };
}

async function fetchConfig(
  transfers: Transfers,
  manifest: ImageManifest,
  into: ImageLayout,
  signal: AbortSignal,
): Promise<ImageConfig> {
  const descriptor = imageConfigOf(manifest);
  checkDocumentSize(descriptor);
  await transfers.fetch(descriptor).complete;
  return parseImageConfig(await readDocument(into, descriptor, { signal }));
}

/** Before it is fetched, not only when it is read. */
function checkDocumentSize({ digest, size }: Descriptor): void {
  if (size <= maxDocumentBytes) return;
  const why = `${size} bytes, at most ${maxDocumentBytes} are read`;
  throw new ImageSpecError('DOCUMENT_TOO_LARGE', `cannot read configuration ${digest}: ${why}`);
}

async function handLayers(
  transfers: Transfers,
  manifest: ImageManifest,
  config: ImageConfig,
  options: PullOptions,
): Promise<void> {
  const { into, onLayer } = options;
  // Checked even when nobody asks for the layers: an image that cannot be stacked should not be pulled.
  const layers = stackLayers(manifest, config);
  if (onLayer === undefined) return;
  for (const layer of layers) {
    const transfer = transfers.fetch(layer.descriptor);
    await onLayer({
      ...layer,
      open: async ({ signal } = {}) => {
        await transfer.complete;
        return into.blob(layer.descriptor, { signal });
      },
      follow: transfer.follow,
    });
  }
}
