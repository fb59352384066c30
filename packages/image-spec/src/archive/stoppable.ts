import type { BlobSource } from '../blob-source.ts';

/** The same source, for those who do not know of the signal: it is asked at each reading, and stops one that is under way. */
export function stoppable(source: BlobSource, signal: AbortSignal | undefined): BlobSource {
  if (signal === undefined) return source;
  return {
    blob: async (descriptor, options = {}) => {
      signal.throwIfAborted();
      return source.blob(descriptor, { ...options, signal });
    },
  };
}
