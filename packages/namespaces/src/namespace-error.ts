import type { ErrnoCode } from '@estiba/syscalls';
import type { NamespaceKind } from './kinds.ts';

export type NamespaceErrorCode =
  | 'NAMESPACE_UNSUPPORTED'
  | 'NAMESPACE_DENIED'
  | 'ID_MAP_INVALID'
  | 'ID_MAP_DENIED'
  | ErrnoCode;

/** What this package could not do; the system call that was refused, if there was one, is the `cause`. */
export class NamespaceError extends Error {
  override readonly name = 'NamespaceError';
  readonly code: NamespaceErrorCode;
  readonly kind?: NamespaceKind;

  constructor(code: NamespaceErrorCode, message: string, options: { kind?: NamespaceKind; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.kind !== undefined) this.kind = options.kind;
  }
}
