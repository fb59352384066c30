import { PrivilegesError } from '../errors.ts';
import { decodeReturn, type SeccompAction } from './actions.ts';
import { abisOf } from './architectures.ts';
import { opcodes } from './assembler.ts';
import type { SeccompFilter } from './compile.ts';
import { decodeInstruction } from './instructions.ts';

/** A system call as a filter sees it. */
export interface SimulatedCall {
  /** A name of the machine's own table, or a number. */
  readonly syscall: string | number;
  readonly args?: readonly (number | bigint)[];
  /** AUDIT_ARCH_*; the machine's own when not given. */
  readonly architecture?: number;
}

/**
 * What a filter answers to a call, without a kernel: for tests of a profile, on any machine.
 *
 * @throws PrivilegesError `SECCOMP_INVALID` for a call that the machine does not have
 */
export function simulateSeccomp(
  filter: SeccompFilter,
  call: SimulatedCall,
): { readonly action: SeccompAction; readonly errno?: number } {
  return decodeReturn(evaluate(filter.instructions, dataOf(filter, call)));
}

/** Runs the filter on a struct seccomp_data. The kernel has checked the same: jumps lead forward, and the end is a return. */
function evaluate(bytes: Uint8Array, data: DataView): number {
  const filter = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let accumulator = 0;
  for (let at = 0; ; ) {
    const { code, yes, no, k } = decodeInstruction(filter, at++);
    if (code === opcodes.load) accumulator = data.getUint32(k, true);
    else if (code === opcodes.and) accumulator = (accumulator & k) >>> 0;
    else if (code === opcodes.jump) at += k;
    else if (code === opcodes.equal) at += accumulator === k ? yes : no;
    else if (code === opcodes.greater) at += accumulator > k ? yes : no;
    else if (code === opcodes.atLeast) at += accumulator >= k ? yes : no;
    else if (code === opcodes.return) return k;
    else
      throw new PrivilegesError('SECCOMP_INVALID', `cannot run the filter: no such instruction: ${code} at ${at - 1}`);
  }
}

function dataOf(filter: SeccompFilter, { syscall, args = [], architecture }: SimulatedCall): DataView {
  const [native] = abisOf(filter.arch, []);
  const number = typeof syscall === 'number' ? syscall : native?.numbers[syscall];
  if (number === undefined) {
    throw new PrivilegesError('SECCOMP_INVALID', `cannot simulate ${syscall}: ${filter.arch} has no such system call`);
  }
  const view = new DataView(new ArrayBuffer(64));
  view.setUint32(0, number, true);
  view.setUint32(4, architecture ?? native?.audit ?? 0, true);
  for (const [index, value] of args.entries())
    view.setBigUint64(16 + 8 * index, BigInt.asUintN(64, BigInt(value)), true);
  return view;
}
