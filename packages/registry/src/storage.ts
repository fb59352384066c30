import type { Readable } from 'node:stream';
import type { Digest } from '@estiba/image-spec';

/** Where a registry keeps blobs. */
export interface Storage {
  /** In bytes, or undefined where there is no such blob. */
  size(digest: Digest): Promise<number | undefined>;
  open(digest: Digest, size: number, start: number): Promise<Readable>;
  /** `digest` is undefined where the sender names it only at the end. */
  writer(digest: Digest | undefined): Promise<StorageWriter>;
}

export interface StorageWriter {
  readonly size: number;
  write(chunk: Uint8Array): Promise<void> | undefined;
  /** Rejects with an ImageSpecError where the content is not that of the digest. */
  commit(digest: Digest): Promise<void>;
  abort(): Promise<void>;
}
