import type { Digest } from '../digest.ts';

export type LayoutProblemKind =
  /** `oci-layout` or `index.json` is missing what it needs, or is no such document. */
  | 'layout-invalid'
  /** A file in `blobs` does not have the digest that is its name. */
  | 'blob-wrong'
  /** A file in `blobs` cannot be read, so that nobody knows whether it is right. */
  | 'blob-unread'
  /** Something names a blob that is not there. */
  | 'blob-missing'
  /** Something gives a blob another size than it has. */
  | 'size-wrong'
  /** A manifest or index has its digest, and is not what its media type says. */
  | 'document-invalid'
  /** In `blobs`, and not a blob. */
  | 'stray-file';

export interface LayoutProblem {
  readonly kind: LayoutProblemKind;
  /** Below the layout. */
  readonly path: string;
  readonly message: string;
  readonly digest?: Digest;
  /** What refers to it: `index.json` or the digest of a manifest. */
  readonly from?: string;
  /** Whether it is gone now. */
  readonly removed: boolean;
}
