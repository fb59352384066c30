import { Readable } from 'node:stream';
import type { BlobSource } from '../blob-source.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import { ImageSpecError } from '../error.ts';
import { describeMediaType, mediaTypes } from '../media-types.ts';
import { orAborted } from '../or-aborted.ts';
import { MemoryStore } from '../view/memory-store.ts';
import { verified } from '../view/verified.ts';
import { type Family, layerTypes, ociType } from './families.ts';
import type { HistoryEntry } from './history.ts';
import type { MakeTarget, PartLayer } from './image-parts.ts';
import { interruptible } from './interruptible.ts';
import { type LayerMeasures, measureLayer } from './measure-layer.ts';

interface AnyNewLayer {
  /** Told by the content unless given; a compression that the content does not have is refused. */
  readonly mediaType?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** How the layer was made, for `docker history`. */
  readonly history?: HistoryEntry | undefined;
}

/** A layer to put on an image: a tar, plain or compressed by gzip or zstd. */
export type NewLayer =
  | (AnyNewLayer & { readonly bytes: Uint8Array })
  /** Opened whenever it is read; it has to be the same each time. */
  | (AnyNewLayer & { readonly stream: () => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>> })
  /** Read once, by `save`; before that the image has no digest. */
  | (AnyNewLayer & { readonly stream: AsyncIterable<Uint8Array> })
  /** A blob that is somewhere already. It is read only if its diff id is not told. */
  | (AnyNewLayer & { readonly blob: Descriptor; readonly source: BlobSource; readonly diffId?: Digest | undefined });

/** Finds out what the layer is called. Throws LAYER_INVALID, MEDIA_TYPE_CONFLICT, and LAYER_UNREAD for a stream that only `save` may read. */
export async function settleLayer(layer: NewLayer, family: Family, into: MakeTarget | undefined): Promise<PartLayer> {
  if ('blob' in layer) return settleBlob(layer, family, into?.signal);
  const { measures, source } = 'bytes' in layer ? await readBytes(layer.bytes) : await readStream(layer.stream, into);
  const { digest, size, diffId, compression } = measures;
  const mediaType = typeOf(layer.mediaType, compression, family);
  return { diffId, source, descriptor: annotated({ mediaType, digest, size }, layer) };
}

async function settleBlob(
  layer: Extract<NewLayer, { blob: Descriptor }>,
  family: Family,
  signal: AbortSignal | undefined,
): Promise<PartLayer> {
  const { blob, source } = layer;
  const said = layer.mediaType ?? blob.mediaType;
  const descriptor = (mediaType: string) => annotated({ ...blob, mediaType }, layer);
  if (layer.diffId !== undefined) return { diffId: layer.diffId, source, descriptor: descriptor(said) };
  const { diffId, compression } = await measureLayer(verified(await source.blob(blob, { signal }), blob));
  return { diffId, source, descriptor: descriptor(typeOf(said, compression, family)) };
}

async function readBytes(bytes: Uint8Array): Promise<{ measures: LayerMeasures; source: BlobSource }> {
  const store = new MemoryStore();
  store.add(bytes);
  return { measures: await measureLayer(Readable.from([bytes])), source: store };
}

async function readStream(
  stream: Extract<NewLayer, { stream: unknown }>['stream'],
  into: MakeTarget | undefined,
): Promise<{ measures: LayerMeasures; source: BlobSource }> {
  if (into !== undefined) {
    const opened = interruptible(typeof stream === 'function' ? await stream() : stream, into.signal);
    const content = typeof stream === 'function' ? opened : once(stream, opened);
    const measures = await measureLayer(content, (content) => into.write(content, {}));
    return { measures, source: into };
  }
  if (typeof stream !== 'function') {
    throw new ImageSpecError(
      'LAYER_UNREAD',
      'cannot tell the digest of the image: one of its layers is a stream that can be read once; save the image first, or give a function that opens the stream',
    );
  }
  const measures = await measureLayer(await stream());
  return { measures, source: again(stream) };
}

const begun = new WeakSet<AsyncIterable<Uint8Array>>();

/** What a save that failed has left of a stream, or another image, would pass for the layer: an empty one, often. */
async function* once(
  stream: AsyncIterable<Uint8Array>,
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (begun.has(stream)) {
    throw new ImageSpecError(
      'LAYER_UNREAD',
      'cannot read the layer: its stream can be read once, and was, by a save that failed or for another image; give a function that opens the stream',
    );
  }
  begun.add(stream);
  yield* content;
}

/** What is read again has to be what was measured. */
function again(open: () => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>): BlobSource {
  return {
    blob: async ({ digest, size }, { start = 0, signal } = {}) => {
      const whole = verified(interruptible(await orAborted(opened(open), signal), signal), { digest, size });
      return start === 0 ? whole : Readable.from(from(start, whole), { objectMode: false });
    },
  };
}

async function opened(open: () => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>) {
  return open();
}

async function* from(start: number, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let left = start;
  for await (const piece of content) {
    if (left < piece.length) yield piece.subarray(left);
    left = Math.max(left - piece.length, 0);
  }
}

function typeOf(said: string | undefined, found: LayerMeasures['compression'], family: Family): string {
  if (said === undefined || said === 'application/octet-stream') {
    return layerTypes[family][found] ?? layerTypes.oci[found] ?? mediaTypes.layer;
  }
  const { compression = found } = describeMediaType(ociType(said));
  if (compression === found) return said;
  throw new ImageSpecError(
    'MEDIA_TYPE_CONFLICT',
    `cannot append a layer as ${said}: its content is ${found === 'none' ? 'not compressed' : `compressed by ${found}`}`,
    { path: 'mediaType' },
  );
}

function annotated(descriptor: Descriptor, { annotations }: AnyNewLayer): Descriptor {
  if (annotations === undefined) return descriptor;
  return { ...descriptor, annotations: { ...descriptor.annotations, ...annotations } };
}
