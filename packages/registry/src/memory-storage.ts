import { Readable } from 'node:stream';
import { type Digest, Verifier } from '@estiba/image-spec';
import type { Storage, StorageWriter } from './storage.ts';

/** Blobs that are gone with the process. */
export function memoryStorage(): Storage {
  const blobs = new Map<Digest, Buffer>();
  return {
    size: async (digest) => blobs.get(digest)?.length,
    open: async (digest, _size, start) =>
      Readable.from(pieces(blobs.get(digest) ?? Buffer.alloc(0), start), { objectMode: false }),
    writer: async () => memoryWriter((digest, content) => blobs.set(digest, content)),
  };
}

const pieceBytes = 1024 * 1024;

function* pieces(content: Buffer, start: number): Generator<Buffer> {
  for (let at = start; at < content.length; at += pieceBytes) yield content.subarray(at, at + pieceBytes);
}

function memoryWriter(keep: (digest: Digest, content: Buffer) => void): StorageWriter {
  const chunks: Uint8Array[] = [];
  let size = 0;
  return {
    get size() {
      return size;
    },
    write(chunk) {
      chunks.push(chunk);
      size += chunk.length;
      return undefined;
    },
    async commit(digest) {
      const verifier = new Verifier({ digest });
      for (const chunk of chunks) verifier.update(chunk);
      verifier.finish();
      keep(digest, Buffer.concat(chunks));
    },
    async abort() {},
  };
}
