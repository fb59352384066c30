import type { SeccompAction } from './actions.ts';
import type { SeccompOperator } from './conditions.ts';

/** The `linux.seccomp` object of the OCI runtime-spec. config-linux.md, "Seccomp" */
export interface SeccompProfile {
  /** For calls that no rule matches. */
  readonly defaultAction: SeccompAction;
  /** EPERM when not given. */
  readonly defaultErrnoRet?: number;
  /** Besides the machine's own, e.g. `SCMP_ARCH_X86` for 32-bit programs. A call of one that is not listed kills the process. */
  readonly architectures?: readonly string[];
  readonly flags?: readonly string[];
  readonly listenerPath?: string;
  /** The first one that matches decides. */
  readonly syscalls?: readonly SeccompRule[];
}

export interface SeccompRule {
  /** A name that this machine's kernel does not have is skipped: profiles are written for many. */
  readonly names: readonly string[];
  readonly action: SeccompAction;
  readonly errnoRet?: number;
  /** All must hold; but if two are about the same argument, one of them all is enough: that is how runc and crun read it. */
  readonly args?: readonly SeccompArgument[];
}

export interface SeccompArgument {
  /** From 0 to 5. */
  readonly index: number;
  /** The mask, for `SCMP_CMP_MASKED_EQ`. 64 bits, unsigned; a `bigint` where a number is not exact. For 32-bit programs the low half. */
  readonly value: number | bigint;
  /** What the masked argument must be, for `SCMP_CMP_MASKED_EQ`; bits outside of the mask do not count. */
  readonly valueTwo?: number | bigint;
  readonly op: SeccompOperator;
}
