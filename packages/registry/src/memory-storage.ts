import { Readable } from 'node:stream';
import { type Digest, Verifier } from '@estiba/image-spec';
import type { Storage, StorageWriter } from './storage.ts';

/** A content in the pieces in which it came: to join them would take its memory twice. */
interface Content {
  readonly size: number;
  readonly pieces: readonly Uint8Array[];
}

/** Blobs that are gone with the process. */
export function memoryStorage(): Storage {
  const blobs = new Map<Digest, Content>();
  return {
    size: async (digest) => blobs.get(digest)?.size,
    open: async (digest, _size, start) =>
      Readable.from(piecesFrom(blobs.get(digest)?.pieces ?? [], start), { objectMode: false }),
    writer: async () => memoryWriter((digest, content) => blobs.set(digest, content)),
    async settle() {},
    async release(digest) {
      blobs.delete(digest);
    },
    async close() {},
  };
}

function* piecesFrom(pieces: readonly Uint8Array[], start: number): Generator<Uint8Array> {
  let at = 0;
  for (const piece of pieces) {
    if (at + piece.length > start) yield piece.subarray(Math.max(0, start - at));
    at += piece.length;
  }
}

function memoryWriter(keep: (digest: Digest, content: Content) => void): StorageWriter {
  const pieces: Uint8Array[] = [];
  let size = 0;
  return {
    get size() {
      return size;
    },
    write(piece) {
      pieces.push(piece);
      size += piece.length;
      return undefined;
    },
    async commit(digest) {
      const verifier = new Verifier({ digest });
      for (const piece of pieces) verifier.update(piece);
      verifier.finish();
      keep(digest, { size, pieces });
    },
    async abort() {},
  };
}
