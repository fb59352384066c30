/** What a filter does with one system call number. */
import { returns } from './actions.ts';
import type { Abi } from './architectures.ts';
import type { Assembler, Target } from './assembler.ts';
import { type Condition, high, narrow, writeCondition, writeOneOf } from './conditions.ts';
import type { Detour } from './multiplexers.ts';
import type { Rule, Rules } from './rules.ts';

export interface Decision {
  /** In order; the first one that holds decides. */
  readonly branches: readonly Branch[];
  readonly otherwise: number;
}

interface Branch {
  readonly all: readonly Condition[];
  readonly value: number;
}

/** The decision for each number that a rule names. Names of other machines are skipped. */
export function decide({ otherwise, rules }: Rules, abi: Abi): Map<number, Decision> {
  const open = new Map<number, Branch[]>();
  const closed = new Map<number, Decision>();
  for (const rule of rules) {
    const alternatives = abi.bits === 64 ? rule.alternatives : rule.alternatives.map((all) => all.map(narrow));
    for (const name of rule.names) {
      add(abi.numbers, name, alternatives, rule.value);
      const detour = abi.detourTo?.(name);
      if (detour !== undefined) add(abi.numbers, detour.through, detourOf(rule, detour), rule.value);
    }
  }
  for (const [number, branches] of open) closed.set(number, close(branches, otherwise));
  return closed;

  function add(numbers: Abi['numbers'], name: string, alternatives: Rule['alternatives'], value: number): void {
    const number = Object.hasOwn(numbers, name) ? numbers[name] : undefined;
    if (number === undefined || closed.has(number)) return;
    const branches = open.get(number) ?? [];
    if (alternatives.some((conditions) => conditions.length === 0)) {
      closed.set(number, close(branches, value));
      open.delete(number);
    } else {
      branches.push(...alternatives.map((all) => ({ all, value })));
      open.set(number, branches);
    }
  }
}

// What follows from the arguments cannot be told on a detour: a rule that forbids some then forbids all, one that allows some allows none.
function detourOf({ alternatives, value }: Rule, { when }: Detour): Rule['alternatives'] {
  const always = alternatives.some((conditions) => conditions.length === 0);
  const harmless = value === returns.allow || value === returns.log;
  return always || !harmless ? [[when]] : [];
}

// Branches at the end that say the same as what follows them say nothing.
function close(branches: readonly Branch[], otherwise: number): Decision {
  return { branches: branches.slice(0, branches.findLastIndex(({ value }) => value !== otherwise) + 1), otherwise };
}

export function writeDecision(code: Assembler, { branches, otherwise }: Decision): Target {
  let next: Target = { returns: otherwise };
  for (const group of groups(branches).toReversed()) {
    const yes = { returns: group.value };
    next =
      group.values.length > 1
        ? writeOneOf(code, group.index, group.values, yes, next)
        : group.all.reduceRight<Target>((target, condition) => writeCondition(code, condition, target, next), yes);
  }
  return next;
}

interface Group extends Branch {
  readonly index: number;
  readonly values: bigint[];
}

// "Argument 0 is 13, or 14, or 15 …" is how lists of address families are written: one group, whose words are loaded once.
function groups(branches: readonly Branch[]): Group[] {
  const found: Group[] = [];
  for (const branch of branches) {
    const only = branch.all.length === 1 && branch.all[0]?.operator === 'eq' ? branch.all[0] : undefined;
    const last = found.at(-1);
    const first = last?.values[0];
    const joins =
      only !== undefined &&
      first !== undefined &&
      last?.index === only.index &&
      last.value === branch.value &&
      high(first) === high(only.value);
    if (joins) last.values.push(only.value);
    else found.push({ ...branch, index: only?.index ?? -1, values: only === undefined ? [] : [only.value] });
  }
  return found;
}
