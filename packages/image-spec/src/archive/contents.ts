import type { BlobSource } from '../blob-source.ts';
import type { Digest } from '../digest.ts';

/** What is in an archive, whether it lies in a file or has come by a stream. */
export interface Contents {
  /** For messages. */
  readonly place: string;
  /** What has been read of it so far, by digest. */
  readonly source: BlobSource;
  has(name: string): boolean;
  /** Throws ARCHIVE_INVALID where there is none, DOCUMENT_TOO_LARGE. */
  document(name: string): Promise<Buffer>;
  /** Throws ARCHIVE_INVALID where there is none. */
  member(name: string): Promise<Member>;
}

export interface Member {
  /** Bytes. */
  readonly size: number;
  /** How its content begins. */
  readonly start: Uint8Array;
  /** `claimed` is what it should be; where nobody has read it yet, it is believed until somebody does. Throws DIGEST_MISMATCH. */
  digest(claimed?: Digest): Promise<Digest>;
}
