import type { DocumentProblem } from './document/problem.ts';

export type ImageSpecErrorCode =
  | 'DOCUMENT_INVALID'
  | 'DOCUMENT_TOO_LARGE'
  | 'MEDIA_TYPE_CONFLICT'
  | 'MEDIA_TYPE_UNSUPPORTED'
  | 'SCHEMA1_UNSUPPORTED'
  | 'DIGEST_INVALID'
  | 'DIGEST_UNSUPPORTED'
  | 'DIGEST_MISMATCH'
  | 'SIZE_MISMATCH'
  | 'REFERENCE_INVALID'
  | 'PLATFORM_INVALID'
  | 'PLATFORM_MISSING'
  | 'LAYOUT_INVALID'
  | 'LAYOUT_READ_ONLY'
  | 'NAME_UNKNOWN'
  | 'BLOB_MISSING'
  | 'LAYER_INVALID'
  | 'LAYER_TOO_LARGE'
  | 'LAYER_UNREAD'
  | 'BASE_MISMATCH'
  | 'TIME_INVALID'
  | 'LOCK_LOST'
  | 'ARCHIVE_INVALID'
  | 'ARCHIVE_TRUNCATED'
  | 'ARCHIVE_TOO_LARGE'
  | 'ARCHIVE_COMPRESSED';

/** What is wrong with an image, or with what was said about one. */
export class ImageSpecError extends Error {
  override readonly name = 'ImageSpecError';
  readonly code: ImageSpecErrorCode;
  /** Where in the document, as a JSON path such as `layers[0].digest`. */
  readonly path?: string;
  /** Of a document: all that is wrong with it. The message tells the first. */
  readonly problems?: readonly DocumentProblem[];

  constructor(
    code: ImageSpecErrorCode,
    message: string,
    options: { path?: string; problems?: readonly DocumentProblem[]; cause?: unknown } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    if (options.path !== undefined) this.path = options.path;
    if (options.problems !== undefined) this.problems = options.problems;
  }
}
