import { Readable } from 'node:stream';
import type { BlobOptions, BlobSource } from '../blob-source.ts';
import { type Descriptor, describe } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import { ImageSpecError } from '../error.ts';
import { type Expected, Verifier } from '../verifier.ts';

const pieceBytes = 1024 * 1024;

/** Content by digest, in memory: for images that are made here, and for tests. What is added must not change afterwards. */
export class MemoryStore implements BlobSource {
  readonly #blobs = new Map<Digest, Uint8Array>();

  /** Takes bytes, or a text in UTF-8, and gives what they are called from now on (sha256). */
  add(content: Uint8Array | string, mediaType = 'application/octet-stream'): Descriptor {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    const descriptor = describe(bytes, mediaType);
    this.#blobs.set(descriptor.digest, bytes);
    return descriptor;
  }

  /** As `add`, of a document. */
  addJson(document: unknown, mediaType: string): Descriptor {
    return this.add(JSON.stringify(document), mediaType);
  }

  /** Verifies as it writes, as `ImageLayout` does. Throws SIZE_MISMATCH or DIGEST_MISMATCH, and then nothing was added. */
  async write(
    content: AsyncIterable<Uint8Array> | Uint8Array,
    { mediaType = 'application/octet-stream', expect, signal }: MemoryWriteOptions = {},
  ): Promise<Descriptor> {
    const verifier = new Verifier(expect);
    const chunks: Uint8Array[] = [];
    for await (const chunk of content instanceof Uint8Array ? [content] : content) {
      signal?.throwIfAborted();
      verifier.update(chunk);
      chunks.push(chunk);
    }
    const { digest, size } = verifier.finish();
    this.#blobs.set(digest, Buffer.concat(chunks));
    return { mediaType, digest, size };
  }

  has(content: Digest | Descriptor): Promise<boolean> {
    const { digest, size } = typeof content === 'string' ? { digest: content, size: undefined } : content;
    const bytes = this.#blobs.get(digest);
    return Promise.resolve(bytes !== undefined && (size === undefined || size === bytes.length));
  }

  async blob({ digest, size }: Descriptor, { signal, start = 0 }: BlobOptions = {}): Promise<Readable> {
    signal?.throwIfAborted();
    const bytes = this.#blobs.get(digest);
    if (bytes === undefined)
      throw new ImageSpecError('BLOB_MISSING', `cannot read ${digest}: it is not in this memory`);
    if (size !== bytes.length) {
      const why = `there are ${bytes.length} bytes, expected ${size}`;
      throw new ImageSpecError('SIZE_MISMATCH', `cannot read ${digest} in memory: ${why}`);
    }
    return Readable.from(pieces(bytes.subarray(start)), { objectMode: false });
  }

  /** Everything that is there, in the order in which it came. */
  digests(): IterableIterator<Digest> {
    return this.#blobs.keys();
  }
}

export interface MemoryWriteOptions {
  readonly mediaType?: string | undefined;
  readonly expect?: Expected | undefined;
  readonly signal?: AbortSignal | undefined;
}

function* pieces(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}
