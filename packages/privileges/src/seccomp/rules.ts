/** The edge: a profile from anywhere becomes rules that need no further checks, or an error that says where. */
import { PrivilegesError } from '../errors.ts';
import { actionNames, returns, returnValue, type SeccompAction } from './actions.ts';
import { type Condition, operators } from './conditions.ts';
import type { SeccompArgument, SeccompProfile, SeccompRule } from './profile.ts';

export interface Rule {
  readonly names: readonly string[];
  /** What the filter returns. */
  readonly value: number;
  /** Any of these; all conditions of it. One that is empty always holds. */
  readonly alternatives: readonly (readonly Condition[])[];
}

export interface Rules {
  readonly otherwise: number;
  readonly rules: readonly Rule[];
}

/** @throws PrivilegesError `SECCOMP_INVALID` */
export function parseRules(profile: SeccompProfile): Rules {
  return {
    otherwise: parseAction('default', profile.defaultAction, profile.defaultErrnoRet),
    rules: list('syscalls', profile.syscalls).map((rule, index) => parseRule(rule, `syscalls[${index}]`)),
  };
}

function parseRule(rule: SeccompRule, path: string): Rule {
  const value = parseAction(path, rule.action, rule.errnoRet);
  const conditions = list(`${path}.args`, rule.args).map((arg, index) => parseArgument(arg, `${path}.args[${index}]`));
  const distinct = new Set(conditions.map(({ index }) => index)).size === conditions.length;
  const names = list(`${path}.names`, rule.names);
  for (const [index, name] of names.entries()) {
    if (typeof name !== 'string') refuse(`${path}.names[${index}]`, `${name} is not the name of a system call`);
  }
  return { names, value, alternatives: distinct ? [conditions] : conditions.map((condition) => [condition]) };
}

function parseAction(path: string, action: SeccompAction, errno?: number): number {
  const [actionPath, errnoPath] =
    path === 'default' ? ['defaultAction', 'defaultErrnoRet'] : [`${path}.action`, `${path}.errnoRet`];
  // MAX_ERRNO; what is larger reaches the program as something else.
  const limit = action === 'SCMP_ACT_TRACE' ? 0xffff : 4095;
  if (errno !== undefined && !(Number.isInteger(errno) && errno >= 0 && errno <= limit)) {
    refuse(errnoPath, `${errno} is not from 0 to ${limit}`);
  }
  return (
    returnValue(action, errno) ??
    refuse(actionPath, `no such action: ${JSON.stringify(action)}; use one of ${actionNames.join(', ')}`)
  );
}

function parseArgument(argument: SeccompArgument, path: string): Condition {
  const { index, op } = argument;
  if (!Number.isInteger(index) || index < 0 || index > 5) refuse(`${path}.index`, `${index} is not from 0 to 5`);
  const operator = operators.get(op);
  if (operator === undefined) {
    refuse(`${path}.op`, `no such operator: ${JSON.stringify(op)}; use one of ${[...operators.keys()].join(', ')}`);
  }
  const value = parseWord(argument.value, `${path}.value`);
  // Bits outside of the mask do not count, as in libseccomp.
  return { index, operator, value, masked: parseWord(argument.valueTwo ?? 0, `${path}.valueTwo`) & value };
}

function parseWord(value: number | bigint, path: string): bigint {
  const exact = typeof value === 'bigint' || Number.isSafeInteger(value);
  if (!exact) refuse(path, `${value} is not a whole number, or too large to be exact; use a bigint`);
  const word = BigInt(value);
  if (BigInt.asUintN(64, word) !== word) refuse(path, `${value} is not an unsigned number of 64 bits`);
  return word;
}

function list<T>(path: string, value: readonly T[] | null | undefined): readonly T[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : refuse(path, 'not a list');
}

function refuse(path: string, why: string): never {
  throw new PrivilegesError('SECCOMP_INVALID', `cannot compile the seccomp profile: ${path}: ${why}`, { path });
}

/** For programs that probe for a newer call: only EPERM-like answers are changed to ENOSYS, see compile.ts. */
export function isErrno(value: number): boolean {
  return value >= returns.errno && value < returns.errno + 0x1_0000;
}
