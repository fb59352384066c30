/** One comparison of a 64-bit argument, in a machine that has 32 bits: the high word first, and the low word where that is equal. */
import type { Assembler, Target } from './assembler.ts';

/** runtime-spec, config-linux.md: `SCMP_CMP_*` */
export type SeccompOperator =
  | 'SCMP_CMP_NE'
  | 'SCMP_CMP_LT'
  | 'SCMP_CMP_LE'
  | 'SCMP_CMP_EQ'
  | 'SCMP_CMP_GE'
  | 'SCMP_CMP_GT'
  | 'SCMP_CMP_MASKED_EQ'
  | (string & {});

type Operator = 'ne' | 'lt' | 'le' | 'eq' | 'ge' | 'gt' | 'masked';

export const operators: ReadonlyMap<string, Operator> = new Map([
  ['SCMP_CMP_NE', 'ne'],
  ['SCMP_CMP_LT', 'lt'],
  ['SCMP_CMP_LE', 'le'],
  ['SCMP_CMP_EQ', 'eq'],
  ['SCMP_CMP_GE', 'ge'],
  ['SCMP_CMP_GT', 'gt'],
  ['SCMP_CMP_MASKED_EQ', 'masked'],
]);

export interface Condition {
  readonly index: number;
  readonly operator: Operator;
  readonly value: bigint;
  /** What the argument is when `value` is taken as a mask. */
  readonly masked: bigint;
}

/** For a program of 32 bits, whose arguments have no high half: -1 means its own -1 too, as in libseccomp. */
export function narrow(condition: Condition): Condition {
  return { ...condition, value: condition.value & 0xffff_ffffn, masked: condition.masked & 0xffff_ffffn };
}

/** Writes the comparison; goes on at `yes` where it holds, at `no` elsewhere. */
export function writeCondition(code: Assembler, condition: Condition, yes: Target, no: Target): Target {
  const { index, operator, value, masked } = condition;
  switch (operator) {
    case 'eq':
      return writeEqual(code, index, value, yes, no);
    case 'ne':
      return writeEqual(code, index, value, no, yes);
    case 'gt':
      return writeOrder(code, 'greater', index, value, yes, no);
    case 'ge':
      return writeOrder(code, 'atLeast', index, value, yes, no);
    case 'le':
      return writeOrder(code, 'greater', index, value, no, yes);
    case 'lt':
      return writeOrder(code, 'atLeast', index, value, no, yes);
    case 'masked':
      return writeMasked(code, index, value, masked, yes, no);
  }
}

/** The same as a comparison for each value, but the words are loaded once. The values share their high word. */
export function writeOneOf(code: Assembler, index: number, values: readonly bigint[], yes: Target, no: Target): Target {
  const last = values.at(-1);
  if (last === undefined) return no;
  let next = no;
  for (const value of values.toReversed()) next = code.branch('equal', low(value), yes, next);
  next = code.load(lowWord(index), next);
  return code.load(highWord(index), code.branch('equal', high(last), next, no));
}

function writeEqual(code: Assembler, index: number, value: bigint, yes: Target, no: Target): Target {
  return writeOneOf(code, index, [value], yes, no);
}

function writeOrder(
  code: Assembler,
  test: 'greater' | 'atLeast',
  index: number,
  value: bigint,
  yes: Target,
  no: Target,
): Target {
  const lowTest = code.load(lowWord(index), code.branch(test, low(value), yes, no));
  const ifNotGreater = code.branch('equal', high(value), lowTest, no);
  return code.load(highWord(index), code.branch('greater', high(value), yes, ifNotGreater));
}

function writeMasked(code: Assembler, index: number, mask: bigint, masked: bigint, yes: Target, no: Target): Target {
  const lowBranch = code.branch('equal', low(masked), yes, no);
  const lowTest = code.load(lowWord(index), code.and(low(mask), lowBranch));
  if (high(mask) === 0 && high(masked) === 0) return lowTest;
  const highBranch = code.branch('equal', high(masked), lowTest, no);
  return code.load(highWord(index), code.and(high(mask), highBranch));
}

// struct seccomp_data: nr, arch, instruction_pointer, args[6]; both architectures are little-endian
const lowWord = (index: number) => 16 + 8 * index;
const highWord = (index: number) => 20 + 8 * index;

const low = (value: bigint) => Number(value & 0xffff_ffffn);
export const high = (value: bigint) => Number(value >> 32n);
