import type { Readable } from 'node:stream';
import type { BlobSource } from '../blob-source.ts';
import type { ImageLayer, StackedLayer } from '../layer-stack.ts';
import type { OpenOptions } from './open-options.ts';
import { uncompressed } from './uncompressed.ts';
import { verified } from './verified.ts';

/** One layer of an image: its names are at hand, its content is read when it is asked for. */
export interface Layer extends ImageLayer {
  /** As stored, in bytes. */
  readonly size: number;
  /**
   * The layer as a plain tar, whichever way it is compressed. The stream ends only after the content has proved to be that of
   * the diff id, and fails otherwise, by DIGEST_MISMATCH or LAYER_INVALID.
   */
  uncompressed(options?: { signal?: AbortSignal | undefined }): Promise<Readable>;
}

export function layerOf(source: BlobSource, stacked: StackedLayer, { signal: usual }: OpenOptions): Layer {
  const { descriptor, diffId } = stacked;
  return {
    ...stacked,
    size: descriptor.size,
    open: ({ signal = usual } = {}) => source.blob(descriptor, { signal }),
    uncompressed: async ({ signal = usual } = {}) => {
      const { pieces } = await uncompressed(await source.blob(descriptor, { signal }));
      return verified(pieces, { digest: diffId });
    },
  };
}
