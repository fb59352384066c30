import type { Readable } from 'node:stream';
import type { Digest } from '@estiba/image-spec';

/** Where a registry keeps blobs, whatever the repositories that have them. */
export interface Storage {
  /** In bytes, or undefined where there is no such blob. */
  size(digest: Digest): Promise<number | undefined>;
  open(digest: Digest, size: number, start: number): Promise<Readable>;
  /** `digest` is undefined where the sender names it only at the end. */
  writer(digest: Digest | undefined): Promise<StorageWriter>;
  /** From now on a manifest that is kept leads to these blobs. */
  settle(digests: readonly Digest[]): Promise<void>;
  /** No repository has the blob any more. */
  release(digest: Digest): Promise<void>;
  close(): Promise<void>;
}

export interface StorageWriter {
  readonly size: number;
  write(chunk: Uint8Array): Promise<void> | undefined;
  /** Rejects with an ImageSpecError where the content is not that of the digest. */
  commit(digest: Digest): Promise<void>;
  abort(): Promise<void>;
}
