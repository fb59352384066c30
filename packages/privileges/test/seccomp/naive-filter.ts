/** A profile evaluated by reading it, rule by rule: what the compiled filter is compared with. */

import { syscallNumbers } from '@estiba/syscalls';
import type { SeccompArgument, SeccompProfile } from '../../src/seccomp/profile.ts';

const x64 = syscallNumbers('x64');

export interface Answer {
  action: string;
  errno?: number;
}

export function evaluateNaively(profile: SeccompProfile, number: number, args: readonly bigint[]): Answer {
  if (number >= 0x4000_0000) return { action: 'SCMP_ACT_ERRNO', errno: 38 };
  const names = Object.keys(x64).filter((name) => x64[name] === number);
  for (const rule of profile.syscalls ?? []) {
    if (!rule.names.some((name) => names.includes(name))) continue;
    if (holds(rule.args ?? [], args)) return answer(rule.action, rule.errnoRet);
  }
  const named = (profile.syscalls ?? []).flatMap((rule) => rule.names.map((name) => x64[name] ?? 0));
  const young = number > Math.max(423, ...named);
  if (young && profile.defaultAction === 'SCMP_ACT_ERRNO') return { action: 'SCMP_ACT_ERRNO', errno: 38 };
  return answer(profile.defaultAction, profile.defaultErrnoRet);
}

function holds(conditions: readonly SeccompArgument[], args: readonly bigint[]): boolean {
  const results = conditions.map((condition) => compare(condition, args[condition.index] ?? 0n));
  const repeated = conditions.some((a, i) => conditions.some((b, j) => i !== j && a.index === b.index));
  return repeated ? results.includes(true) : !results.includes(false);
}

function compare({ op, value, valueTwo = 0 }: SeccompArgument, argument: bigint): boolean {
  const wanted = BigInt(value);
  switch (op) {
    case 'SCMP_CMP_EQ':
      return argument === wanted;
    case 'SCMP_CMP_NE':
      return argument !== wanted;
    case 'SCMP_CMP_LT':
      return argument < wanted;
    case 'SCMP_CMP_LE':
      return argument <= wanted;
    case 'SCMP_CMP_GT':
      return argument > wanted;
    case 'SCMP_CMP_GE':
      return argument >= wanted;
    default:
      return (argument & wanted) === (BigInt(valueTwo) & wanted);
  }
}

function answer(action: string, errno = 1): Answer {
  const simple = action === 'SCMP_ACT_KILL' ? 'SCMP_ACT_KILL_THREAD' : action;
  return simple === 'SCMP_ACT_ERRNO' || simple === 'SCMP_ACT_TRACE' ? { action: simple, errno } : { action: simple };
}
