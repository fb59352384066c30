import { stat } from 'node:fs/promises';
import { type Digest, type ImageLayout, mediaTypes } from '@estiba/image-spec';
import type { Storage } from './storage.ts';

/** Blobs in an OCI image layout on disk. */
export function layoutStorage(layout: ImageLayout): Storage {
  return {
    size: async (digest) => (await stat(layout.path(digest)).catch(() => undefined))?.size,
    open: (digest, size, start) => layout.blob({ mediaType: mediaTypes.layer, digest, size }, { start }),
    async writer(digest) {
      const writer = await layout.writer(digest === undefined ? {} : { digest });
      return {
        get size() {
          return writer.size;
        },
        write: (chunk) => writer.write(chunk),
        async commit(expected: Digest) {
          await writer.commit({ digest: expected });
        },
        abort: () => writer.abort(new Error('the upload was cancelled')),
      };
    },
  };
}
