/** `pnpm bench summary [DIR]`: puts the figures of the results into docs/benchmarks.md, so that nobody has to copy them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@estiba/testkit';
import { rowsIn } from './results.ts';

const [begin, end] = ['<!-- figures: made by `pnpm bench summary` -->', '<!-- end of figures -->'];

export function writeSummary(results: string): void {
  const file = join(repositoryRoot, 'docs/benchmarks.md');
  const text = readFileSync(file, 'utf8');
  const [before, after] = [text.split(begin)[0], text.split(end)[1]];
  if (before === undefined || after === undefined) throw new Error(`cannot find the place for the figures in ${file}`);
  writeFileSync(file, `${before}${begin}\n\n${tableOf(results)}\n\n${end}${after}`);
}

function tableOf(results: string): string {
  const rows = rowsIn(results);
  if (rows.length === 0) throw new Error(`cannot summarize ${results}: no figures are in it; run pnpm bench`);
  const lines = rows.map(({ title, contender, median, ratio }, index) => {
    const first = title === rows[index - 1]?.title ? '' : title;
    return `| ${[first, contender, median, ratio].join(' | ')} |`;
  });
  return ['| bench | contender | median, ms | ours by this one |', '| --- | --- | ---: | ---: |', ...lines].join('\n');
}
