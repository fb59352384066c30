export type RuntimeErrorCode = 'COMMAND_MISSING' | 'OPTIONS_INVALID';

/** What `run` was asked for and cannot do; refusals of the kernel are SyscallErrors and name the step. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  readonly code: RuntimeErrorCode;

  constructor(code: RuntimeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
