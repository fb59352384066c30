/** What is compared, what is promised of it, and what its samples say. */
import { figuresOf } from './figures.ts';
import type { Claim, Table } from './report.ts';
import type { Contender } from './rounds.ts';

export interface Question {
  readonly title: string;
  readonly note: string;
  /**
   * What the ratios are about; one of the contenders by name. Of several, the first is compared with everybody, and each of
   * the others, in a table of its own, with those that are not ours.
   */
  readonly ours: string | readonly [string, ...string[]];
  readonly promises?: readonly Promised[];
}

export interface Match {
  readonly contenders: readonly Contender[];
  readonly rounds: number;
  readonly warmup?: number;
  /** How long it may take, about. */
  readonly seconds?: number;
}

export interface Comparison extends Question, Match {}

/** A ratio that we promise. */
export interface Promised {
  /** Whose time it is about; the first of ours unless told. */
  readonly ours?: string;
  /** By whose time that is divided. */
  readonly by: string;
  readonly atMost: number;
}

/** Milliseconds, by contender; those of the same round at the same place. */
export type Samples = ReadonlyMap<string, readonly number[]>;

export function tablesOf(question: Question, samples: Samples): Table[] {
  const { title, note } = question;
  const [first, ...others] = oursOf(question);
  const names = [...samples.keys()];
  const table = (heading: string, ours: string, rows: readonly string[]): Table => {
    const reference = samplesOf(ours, samples);
    const figures = rows.map((name) => figuresOf(name, samplesOf(name, samples), reference));
    return { title: heading, note, ours, rounds: reference.length, figures };
  };
  const theirs = names.filter((name) => name !== first && !others.includes(name));
  return [table(title, first, names), ...others.map((other) => table(`${title}: ${other}`, other, [other, ...theirs]))];
}

export function claimsOf(question: Question, samples: Samples): Claim[] {
  const { title, promises = [] } = question;
  const [first] = oursOf(question);
  return promises.map(({ ours = first, by, atMost }) => ({
    text: `${title}: ${ours} by ${by}`,
    value: figuresOf(by, samplesOf(by, samples), samplesOf(ours, samples)).ratio,
    bound: atMost,
  }));
}

function oursOf({ ours }: Question): readonly [string, ...string[]] {
  return typeof ours === 'string' ? [ours] : ours;
}

/** A promise about nobody is not to be kept in silence. */
function samplesOf(name: string, samples: Samples): readonly number[] {
  const found = samples.get(name);
  if (found === undefined)
    throw new Error(`no contender is called ${name}: there are ${[...samples.keys()].join(', ')}`);
  return found;
}
