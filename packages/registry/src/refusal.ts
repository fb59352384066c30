import { ImageSpecError } from '@estiba/image-spec';

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes */
export type RefusalCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'UNAUTHORIZED'
  | 'DENIED'
  | 'UNSUPPORTED'
  | 'TOOMANYREQUESTS';

/** A request that is answered with an error document. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly code: RefusalCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: RefusalCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** What a client is told about an error of ours. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (!(error instanceof ImageSpecError)) return new Refusal(500, 'UNSUPPORTED', messageOf(error));
  const { code, message } = error;
  if (code === 'BLOB_MISSING') return new Refusal(404, 'BLOB_UNKNOWN', message);
  if (isAboutDocument(error)) return new Refusal(400, 'MANIFEST_INVALID', message);
  const content = code.startsWith('DIGEST') || code === 'SIZE_MISMATCH';
  return content ? new Refusal(400, 'DIGEST_INVALID', message) : new Refusal(500, 'UNSUPPORTED', message);
}

/** Whether it says that a content is no manifest. */
export function isAboutDocument({ code }: { readonly code?: unknown }): boolean {
  return /^(DOCUMENT_|MEDIA_TYPE_|SCHEMA1_)/.test(String(code));
}

// The functions of `access` are those of others, and may throw anything.
function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
