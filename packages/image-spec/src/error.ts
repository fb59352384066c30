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
  | 'NAME_UNKNOWN'
  | 'BLOB_MISSING';

/** What is wrong with an image, or with what was said about one. */
export class ImageSpecError extends Error {
  override readonly name = 'ImageSpecError';
  readonly code: ImageSpecErrorCode;
  /** Where in the document, as a JSON path such as `layers[0].digest`. */
  readonly path?: string;

  constructor(code: ImageSpecErrorCode, message: string, options: { path?: string; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    if (options.path !== undefined) this.path = options.path;
  }
}
