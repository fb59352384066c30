/** What every bench is given, and how it compares its contenders. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupName } from './cgroups.ts';
import { figuresOf } from './figures.ts';
import type { Place } from './places.ts';
import { type Claim, formatTable, type Table } from './report.ts';
import { type Contender, playRounds } from './rounds.ts';
import type { Starter } from './starter.ts';

export interface Comparison {
  readonly title: string;
  readonly note: string;
  /** Ours: what the ratios are about; one of the contenders by name. */
  readonly ours: string;
  readonly contenders: readonly Contender[];
  readonly rounds: number;
  readonly warmup?: number;
  /** How long it may take, about. */
  readonly seconds?: number;
  /** Ratios that we promise: by contender, at most. */
  readonly promises?: Readonly<Record<string, number>>;
}

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

  /** Samples in milliseconds, by contender; those of the same round at the same place. */
  async compare(comparison: Comparison): Promise<ReadonlyMap<string, readonly number[]>> {
    const { title, note, ours, contenders, promises = {} } = comparison;
    const samples = await playRounds(contenders, { ...this.#extent(comparison), signal: this.signal });
    const reference = samples[contenders.findIndex(({ name }) => name === ours)] ?? [];
    const figures = contenders.map(({ name }, index) => figuresOf(name, samples[index] ?? [], reference));
    const table = { title, note, ours, rounds: reference.length, figures };
    this.tables.push(table);
    console.log(formatTable(table).join('\n'));
    for (const { contender, ratio } of figures) {
      const bound = promises[contender];
      if (bound !== undefined) this.claims.push({ text: `${title}: ${ours} by ${contender}`, value: ratio, bound });
    }
    return new Map(contenders.map(({ name }, index) => [name, samples[index] ?? []]));
  }

  #extent({ rounds, warmup = 3, seconds = 40 }: Comparison) {
    // One of what takes seconds, a few of what takes milliseconds.
    return this.quick ? { rounds: Math.ceil(rounds / 50), warmup: 0, seconds: 0 } : { rounds, warmup, seconds };
  }
}
