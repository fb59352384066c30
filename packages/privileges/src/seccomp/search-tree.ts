/** Which decision a number gets, in about seven comparisons instead of hundreds: a binary search over runs of equal decisions. */
import type { Assembler, Target } from './assembler.ts';
import { type Decision, writeDecision } from './decisions.ts';

/** A decision for this number and the following ones, until the next run. */
export interface Run {
  readonly from: number;
  readonly decision: Decision;
}

/** The runs of all numbers from 0: `decisions` where there is one, `gap(number)` elsewhere; `gap` changes at `changes` only. */
export function runs(
  decisions: ReadonlyMap<number, Decision>,
  gap: (number: number) => number,
  changes: readonly number[],
): Run[] {
  const edges = new Set([0, ...changes]);
  for (const number of decisions.keys()) edges.add(number).add(number + 1);
  const found: Run[] = [];
  for (const from of [...edges].sort((a, b) => a - b)) {
    const decision = decisions.get(from) ?? { branches: [], otherwise: gap(from) };
    if (!isSame(found.at(-1)?.decision, decision)) found.push({ from, decision });
  }
  return found;
}

export function writeSearch(code: Assembler, list: readonly Run[]): Target {
  const middle = list[list.length >> 1];
  if (middle === undefined) throw new RangeError('a search needs a run');
  if (list.length === 1) return writeDecision(code, middle.decision);
  // Written backwards: what is written first lies farthest away.
  const above = writeSearch(code, list.slice(list.length >> 1));
  const below = writeSearch(code, list.slice(0, list.length >> 1));
  return code.branch('atLeast', middle.from, above, below);
}

function isSame(before: Decision | undefined, after: Decision): boolean {
  return before?.branches.length === 0 && after.branches.length === 0 && before.otherwise === after.otherwise;
}
