/** Contenders take turns, one run of each: whatever else the machine does hits them alike, so ratios mean something. */
import { loadavg } from 'node:os';

export interface Contender {
  readonly name: string;
  /** One run; what it returns, if a number, is taken as the time in milliseconds instead of the whole call's. */
  readonly run: () => Promise<number | undefined>;
}

export interface Figures {
  readonly name: string;
  readonly min: number;
  readonly median: number;
  readonly p95: number;
}

export async function interleave(
  contenders: readonly Contender[],
  options: { runs: number; warmup?: number },
): Promise<Figures[]> {
  const samples = contenders.map((): number[] => []);
  for (let round = -(options.warmup ?? 3); round < options.runs; round++) {
    for (const [index, contender] of contenders.entries()) {
      const start = performance.now();
      const own = await contender.run();
      const time = own ?? performance.now() - start;
      if (round >= 0) samples[index]?.push(time);
    }
  }
  return contenders.map(({ name }, index) => figuresOf(name, samples[index] ?? []));
}

export function figuresOf(name: string, samples: readonly number[]): Figures {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { name, min: at(0), median: at(0.5), p95: at(0.95) };
}

/** A table; ratios are to the contender named. */
export function print(title: string, figures: readonly Figures[], reference: string): void {
  const base = figures.find(({ name }) => name === reference);
  console.log(`\n${title}  (ms; load ${loadavg()[0]?.toFixed(1)})`);
  console.log(
    `  ${'contender'.padEnd(44)}${['min', 'median', 'p95', 'ratio'].map((head) => head.padStart(10)).join('')}`,
  );
  for (const { name, min, median, p95 } of figures) {
    const ratio = base === undefined ? Number.NaN : median / base.median;
    const cells = [min.toFixed(2), median.toFixed(2), p95.toFixed(2), ratio.toFixed(2)];
    console.log(`  ${name.padEnd(44)}${cells.map((cell) => cell.padStart(10)).join('')}`);
  }
}
