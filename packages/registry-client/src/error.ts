/** Codes of the distribution-spec, when the registry sent one, and our own for what happens on the way. */
export type RegistryErrorCode = DistributionCode | TransportCode | (string & {});

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes */
export type DistributionCode =
  | 'BLOB_UNKNOWN'
  | 'DENIED'
  | 'DIGEST_INVALID'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'TOOMANYREQUESTS'
  | 'UNAUTHORIZED'
  | 'UNSUPPORTED';

export type TransportCode =
  | 'UNREACHABLE'
  | 'TIMEOUT'
  | 'BODY_CUT'
  | 'RANGE_UNSUPPORTED'
  | 'ENCODING_UNSUPPORTED'
  | 'REDIRECT_REFUSED'
  | 'TOKEN_REFUSED'
  | 'CREDENTIALS_INVALID'
  | 'CERTIFICATES_INVALID'
  | 'PROXY_INVALID'
  | 'PROXY_REFUSED'
  | 'ADDRESS_REFUSED'
  | 'BODY_INVALID'
  | 'UNAVAILABLE'
  | 'UNEXPECTED';

export interface RegistryErrorOptions {
  readonly url: URL | string;
  readonly status?: number | undefined;
  readonly retryable?: boolean;
  readonly retryAfter?: number | undefined;
  readonly cause?: unknown;
}

/** A registry, or the way to it, failed. What is wrong with the content itself is an ImageSpecError. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly code: RegistryErrorCode;
  readonly status?: number;
  /** Without user, password and query, which may hold signatures. */
  readonly url: string;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** How long the registry asks to wait, in milliseconds. */
  readonly retryAfter?: number;

  constructor(code: RegistryErrorCode, message: string, options: RegistryErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.url = redact(options.url);
    this.retryable = options.retryable ?? false;
    if (options.status !== undefined) this.status = options.status;
    if (options.retryAfter !== undefined) this.retryAfter = options.retryAfter;
  }
}

export function redact(url: URL | string): string {
  const { protocol, host, pathname, search } = new URL(url);
  return `${protocol}//${host}${pathname}${search ? '?…' : ''}`;
}
