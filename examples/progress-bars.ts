// How far the blobs of an image have come: a bar for each on a terminal, a line for each elsewhere.
import { type TransferProgress, TransferTotals } from '@estiba/registry-client';

export function progressBars(out = process.stdout): Disposable & { update: (progress: TransferProgress) => void } {
  const totals = new TransferTotals();
  let [drawn, last] = [0, 0];
  // Goes back up to the first line, and writes each anew; of too many those that move, then those that wait.
  const draw = () => {
    const first = totals.blobs.toSorted((a, b) => rank[a.status] - rank[b.status]).slice(0, out.rows - 2);
    const lines = [...totals.blobs.filter((blob) => first.includes(blob)).map(lineFor), totalOf(totals)];
    const up = drawn > 0 ? `\x1b[${drawn}A` : '';
    out.write(up + lines.map((line) => `\x1b[2K${line.slice(0, out.columns - 1)}\n`).join(''));
    [drawn, last] = [lines.length, performance.now()];
  };
  return {
    update(progress) {
      totals.update(progress);
      if (!out.isTTY) out.write(words[progress.status] === '' ? '' : `${lineFor(progress)}\n`);
      else if (performance.now() - last > 50) draw();
    },
    [Symbol.dispose]() {
      if (out.isTTY) draw();
      else out.write(`${totalOf(totals)}\n`);
    },
  };
}

const rank = { transferring: 0, waiting: 1, exists: 2, mounted: 2, complete: 2 };
const words = { waiting: '', transferring: '', exists: ', is there', mounted: ', mounted', complete: ', done' };

function lineFor({ digest, done, total, status, resumed = 0 }: TransferProgress): string {
  return `${digest.slice(7, 19)} ${bar(done, total)}${resumed > 0 ? `, resumed at ${size(resumed)}` : ''}${words[status]}`;
}

function totalOf(totals: TransferTotals): string {
  const { done, total, present, rate } = totals.summary();
  return `${'total'.padEnd(12)} ${bar(done, total)}, ${size(present)} there before, ${size(rate)}/s`;
}

function bar(done: number, total: number): string {
  return `[${'='.repeat(Math.floor((20 * done) / (total || 1))).padEnd(20)}] ${size(done)} of ${size(total)}`;
}

const size = (bytes: number) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
