/** What every bench is given, and how it compares its contenders. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupName } from './cgroups.ts';
import { type Comparison, claimsOf, type Match, type Question, type Samples, tablesOf } from './comparison.ts';
import type { Place } from './places.ts';
import { type Claim, formatTable, type Table } from './report.ts';
import { playRounds } from './rounds.ts';
import type { Starter } from './starter.ts';

export class Bench {
  /** Few rounds: whether everything runs, not how fast. */
  readonly quick: boolean;
  readonly places: readonly Place[];
  readonly programs: Starter;
  readonly runtimes: Starter;
  readonly signal: AbortSignal;
  readonly tables: Table[] = [];
  readonly claims: Claim[] = [];

  constructor(options: Pick<Bench, 'quick' | 'places' | 'programs' | 'runtimes' | 'signal'>) {
    this.quick = options.quick;
    this.places = options.places;
    this.programs = options.programs;
    this.runtimes = options.runtimes;
    this.signal = options.signal;
  }

  /** A new folder, in memory unless told. */
  folder(name: string, place = this.places[0]): string {
    if (place === undefined) throw new TypeError('a bench has at least one place');
    return mkdtempSync(join(place.path, `${name}-`));
  }

  /** A cgroup for somebody else to make; what is left of it is removed at the end. */
  cgroup(purpose: string): string {
    return cgroupName(purpose);
  }

  /** Measured and told. */
  async compare(comparison: Comparison): Promise<Samples> {
    const samples = await this.play(comparison);
    this.report(comparison, samples);
    return samples;
  }

  /** Measured, but not told. */
  async play(match: Match): Promise<Samples> {
    const { contenders } = match;
    const times = await playRounds(contenders, { ...this.#extent(match), signal: this.signal });
    return new Map(contenders.map(({ name }, index) => [name, times[index] ?? []]));
  }

  /** Told and claimed of samples that somebody has, in the order of their contenders. */
  report(question: Question, samples: Samples): void {
    for (const table of tablesOf(question, samples)) {
      this.tables.push(table);
      console.log(formatTable(table).join('\n'));
    }
    this.claims.push(...claimsOf(question, samples));
  }

  #extent({ rounds, warmup = 3, seconds = 40 }: Match) {
    // One of what takes seconds, a few of what takes milliseconds.
    return this.quick ? { rounds: Math.ceil(rounds / 50), warmup: 0, seconds: 0 } : { rounds, warmup, seconds };
  }
}
