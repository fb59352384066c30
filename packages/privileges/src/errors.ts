export type PrivilegesErrorCode =
  | 'CAPABILITY_UNKNOWN'
  | 'CAPABILITIES_INVALID'
  | 'USER_INVALID'
  | 'USER_UNKNOWN'
  | 'GROUP_UNKNOWN'
  | 'RLIMIT_INVALID'
  | 'OOM_SCORE_INVALID'
  | 'SECCOMP_INVALID'
  | 'SECCOMP_TOO_LONG'
  | 'ARCHITECTURE_UNSUPPORTED';

/** What was asked for cannot be asked of the kernel. It is thrown while steps are made, so nothing has happened yet. */
export class PrivilegesError extends Error {
  override readonly name = 'PrivilegesError';
  readonly code: PrivilegesErrorCode;
  /** Where in a seccomp profile, as a path: `syscalls[3].args[0].op`. */
  readonly path?: string;

  constructor(code: PrivilegesErrorCode, message: string, options: { path?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.path !== undefined) this.path = options.path;
  }
}
