/** `pnpm bench compare A B`: how far the ratios of two results, or of two folders of them, lie apart. */
import { rowsIn } from './results.ts';

const TOLERANCE = 0.15;

/** Prints one line for each ratio; false when one differs by more than 15 %, or is missing on one side. */
export function compareResults(first: string, second: string): boolean {
  const [before, after] = [ratiosIn(first), ratiosIn(second)];
  if (before.size === 0) throw new Error(`cannot compare ${first}: no ratios are in it`);
  let good = true;
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [a, b] = [before.get(name), after.get(name)];
    const difference = a === undefined || b === undefined ? Number.NaN : Math.abs(Math.log(b / a));
    // Also true of a row that has no partner.
    const apart = !(difference <= Math.log(1 + TOLERANCE));
    if (apart) good = false;
    const percent = ((Math.exp(difference) - 1) * 100).toFixed(1);
    console.log(`${apart ? 'APART' : 'ok   '} ${percent.padStart(6)} %  ${show(a)} ${show(b)}  ${name}`);
  }
  console.log(good ? 'no ratio differs by more than 15 %' : 'ratios differ by more than 15 %');
  return good;
}

function ratiosIn(path: string): Map<string, number> {
  return new Map(rowsIn(path).map(({ title, contender, ratio }) => [`${title}: ${contender}`, Number(ratio)]));
}

function show(ratio: number | undefined): string {
  return (ratio?.toPrecision(3) ?? 'none').padStart(7);
}
