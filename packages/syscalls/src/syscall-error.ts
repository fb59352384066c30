import type { Compiled } from './compiled.ts';
import { decodeCall } from './decode.ts';
import { codeOf, describeErrno, type ErrnoCode } from './errno.ts';
import { recentKernelMessages } from './kernel-ring.ts';
import type { Call } from './program.ts';
import { remedyFor } from './remedies.ts';
import { parametersOf } from './signatures.ts';

/**
 * A system call that the kernel refused. Same shape as Node's own system errors: `code`, `errno`, `syscall`, `path`.
 * The message says which step of the program it was, the call with its arguments, why, and what to do if we know.
 */
export class SyscallError extends Error {
  override readonly name = 'SyscallError';
  readonly code: ErrnoCode;
  /** Negative, as in Node's errors. */
  readonly errno: number;
  readonly syscall: string;
  readonly path?: string;
  /** Which step of the program failed: `mount proc on /proc`. */
  readonly step?: string;
  /** The call as strace would print it. */
  readonly call: string;
  /** The kernel's own words, where it has any: the log of an fsopen(2) context. */
  readonly kernel?: string;
  /** What to do about it, where we know. */
  readonly remedy?: string;

  constructor(details: { errno: number; call: Call; step?: string; kernel?: string; message?: string }) {
    const { errno, call, step, kernel } = details;
    const code = codeOf(errno);
    const decoded = decodeCall(call);
    const remedy = remedyFor(call, code, kernel);
    const reason = details.message ?? `${decoded}: ${code}, ${describeErrno(errno)}`;
    super(
      [step === undefined ? reason : `${step}: ${reason}`, kernel && `the kernel says: ${kernel}`, remedy]
        .filter(Boolean)
        .join('; '),
    );
    this.code = code;
    this.errno = -errno;
    this.syscall = call.name;
    this.call = decoded;
    const path = pathOf(call);
    if (path !== undefined) this.path = path;
    if (step !== undefined) this.step = step;
    if (kernel) this.kernel = kernel;
    if (remedy !== undefined) this.remedy = remedy;
  }
}

/** The error for an operation that failed, by what the compiler knows of its origin. */
export function failureOf(compiled: Compiled, failure: { op: number; errno: number; text: Buffer }): SyscallError {
  const origin = compiled.origins[failure.op] ?? { call: { name: 'unknown', args: [] } };
  const kernel = kernelLog(failure.text) || ringLog(origin.call);
  const message = compiled.messages.get(failure.op);
  return new SyscallError({
    errno: failure.errno,
    ...origin,
    ...(kernel !== '' && { kernel }),
    ...(message !== undefined && { message }),
  });
}

/** Messages of an fsopen context are "e text", "w text" or "i text", each in its own half of the buffer. fsopen(2) */
function kernelLog(text: Buffer): string {
  return text
    .toString()
    .split('\0')
    .map((part) => part.replace(/^[ewi] /, '').trim())
    .filter((part) => part !== '')
    .join('; ');
}

/** overlayfs has been writing to the ring buffer since before there was a log to write to. */
function ringLog(call: Call): string {
  return call.log?.args[0] === 'overlay' ? recentKernelMessages('overlayfs:').join('; ') : '';
}

/** Which parameter says what the call was about, the first that there is; `name` is that of no file. */
const subjects = ['path', 'target', 'new_root', 'to_path', 'newpath'];

function pathOf(call: Call): string | undefined {
  const parameters = parametersOf(call.name);
  const index = subjects.map((subject) => parameters.findIndex(({ name }) => name === subject)).find((at) => at >= 0);
  const arg = index === undefined ? undefined : call.args[index];
  // '' is how calls with AT_EMPTY_PATH say that they mean the descriptor.
  if (typeof arg === 'string') return arg === '' ? undefined : arg;
  return arg instanceof Uint8Array ? Buffer.from(arg).toString().replace(/\0$/, '') : undefined;
}
