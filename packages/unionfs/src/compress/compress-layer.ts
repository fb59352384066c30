import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { UnionfsError } from '../unionfs-error.ts';
import { gzip } from './gzip.ts';
import { inPortions } from './portions.ts';
import { zstd } from './zstd.ts';

export interface CompressOptions {
  readonly compression?: 'gzip' | 'zstd' | 'none';
  /** gzip: 0 to 9, default 6. zstd: 1 to 22, default 3; those above 19 need memory in which others have to decompress too. */
  readonly level?: number;
  readonly signal?: AbortSignal;
}

/** What a manifest and a configuration say about a layer. */
export interface CompressedLayer {
  readonly mediaType: string;
  /** sha256 of the bytes as they are sent. */
  readonly digest: string;
  /** How many these are. */
  readonly size: number;
  /** sha256 of the uncompressed tar. */
  readonly diffId: string;
  readonly diffSize: number;
}

/**
 * Compress a layer; both digests are worked out on the way, in one pass. `layer` resolves when all of `blob` has been read,
 * and is rejected when it fails or is destroyed before.
 *
 * The same tar makes the same bytes with one version of Node on one architecture: no time, name or operating system is written.
 * gzip is one member, compressed by as many threads as Node's pool has (UV_THREADPOOL_SIZE, 4).
 * Throws a UnionfsError with code NAME_INVALID for a level that there is not.
 */
export function compressLayer(
  tar: Readable,
  options: CompressOptions = {},
): { readonly blob: Readable; readonly layer: Promise<CompressedLayer> } {
  const { compression = 'gzip', level = defaults[compression], signal } = options;
  refuseLevel(compression, level);
  const { promise, resolve, reject } = Promise.withResolvers<CompressedLayer>();
  // Who reads the blob learns of its failure there.
  promise.catch(() => {});
  const pieces = compress(tar, { compression, level, signal }, resolve);
  const blob = Readable.from(pieces, { objectMode: false, highWaterMark: 1024 * 1024 });
  blob.once('close', () => {
    tar.destroy();
    reject(reasonOf(blob.errored, signal));
  });
  return { blob, layer: promise };
}

async function* compress(
  tar: Readable,
  { compression, level, signal }: { compression: Compression; level: number; signal: AbortSignal | undefined },
  done: (layer: CompressedLayer) => void,
): AsyncGenerator<Buffer> {
  const [uncompressed, compressed] = [createHash('sha256'), createHash('sha256')];
  let [diffSize, size] = [0, 0];
  const portions = inPortions(tar, (bytes) => {
    signal?.throwIfAborted();
    diffSize += bytes.length;
    uncompressed.update(bytes);
  });
  for await (const piece of encoders[compression](portions, level)) {
    size += piece.length;
    compressed.update(piece);
    yield piece;
  }
  done({
    mediaType: `application/vnd.oci.image.layer.v1.tar${suffixes[compression]}`,
    digest: `sha256:${compressed.digest('hex')}`,
    size,
    diffId: `sha256:${uncompressed.digest('hex')}`,
    diffSize,
  });
}

/** Leaving a loop over the blob counts as an error in Node, which says nothing. */
function reasonOf(error: Error | null, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  if (error !== null && error.name !== 'AbortError') return error;
  return new UnionfsError('LAYER_INVALID', 'cannot describe the layer: reading it was given up before its end');
}

type Compression = NonNullable<CompressOptions['compression']>;

const defaults = { gzip: 6, zstd: 3, none: 0 } as const;
const levels = { gzip: [0, 9], zstd: [1, 22], none: [0, 0] } as const;
const suffixes = { gzip: '+gzip', zstd: '+zstd', none: '' } as const;
const encoders = { gzip, zstd, none: (portions: AsyncIterable<Buffer>) => portions } as const;

function refuseLevel(compression: Compression, level: number): void {
  const [least, most] = levels[compression];
  if (Number.isInteger(level) && level >= least && level <= most) return;
  throw new UnionfsError(
    'NAME_INVALID',
    `cannot compress by ${compression} at level ${level}: ${compression === 'none' ? 'it has none' : `there are ${least} to ${most}`}`,
  );
}
