import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { compareResults } from '../bench/compare.ts';
import { claimsOf, type Question, tablesOf } from '../bench/comparison.ts';
import { figuresOf } from '../bench/figures.ts';
import { formatReport, isBroken, parseRows } from '../bench/report.ts';
import { orderOf, playRounds } from '../bench/rounds.ts';
import { type Scratch, scratch } from '../packages/testkit/src/index.ts';

let folder: Scratch;

beforeEach(() => {
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
  folder = scratch('bench');
});

afterEach(() => {
  vi.restoreAllMocks();
  folder[Symbol.dispose]();
});

it('a ratio is that of contenders in the same round', () => {
  // Whatever doubles a round doubles both: medians of all rounds together would say 2.
  const { ratio } = figuresOf('theirs', [10, 20, 40], [5, 10, 20]);
  expect(ratio).toBe(0.5);
  expect(figuresOf('theirs', [10, 10, 10], [5, 10, 40]).ratio).toBe(1);
});

it('a contender without samples, or with one that took no time, has no figures', () => {
  expect(() => figuresOf('theirs', [], [])).toThrow('no figures of theirs');
  expect(() => figuresOf('theirs', [1, 0], [1, 1])).toThrow('no figures of theirs');
  expect(() => figuresOf('theirs', [1, Number.NaN], [1, 1])).toThrow('no figures of theirs');
});

it('each of ours has ratios of its own, against all that are not ours', () => {
  const [all, second] = tablesOf(pulls, samples);
  expect(all?.figures.map(({ contender, ratio }) => [contender, ratio])).toEqual([
    ['erofs', 1],
    ['directory', 0.5],
    ['podman', 0.25],
  ]);
  expect(second?.title).toBe('pull: directory');
  expect(second?.figures.map(({ contender, ratio }) => [contender, ratio])).toEqual([
    ['directory', 1],
    ['podman', 0.5],
  ]);
});

it('a promise is about the first of ours unless it says of whom', () => {
  const promises = [
    { by: 'podman', atMost: 0.3 },
    { ours: 'directory', by: 'podman', atMost: 0.4 },
  ];
  const claims = claimsOf({ ...pulls, promises }, samples);
  expect(claims.map(({ text, value }) => [text, value])).toEqual([
    ['pull: erofs by podman', 0.25],
    ['pull: directory by podman', 0.5],
  ]);
  expect(claims.map(isBroken)).toEqual([false, true]);
});

it('a promise about nobody is an error', () => {
  const about = (promise: { ours?: string; by: string }) =>
    claimsOf({ ...pulls, promises: [{ ...promise, atMost: 1 }] }, samples);
  expect(() => about({ by: 'podmann' })).toThrow('no contender is called podmann');
  expect(() => about({ ours: 'erof', by: 'podman' })).toThrow('no contender is called erof:');
});

it.each([2, 3, 4, 6])('each of %i contenders comes first, and comes last, equally often', (count) => {
  const orders = Array.from({ length: count * 4 }, (_, round) => orderOf(round, count));
  const times = (which: number, place: number) => orders.filter((order) => order.at(place) === which).length;
  for (let which = 0; which < count; which++) expect([times(which, 0), times(which, -1)]).toEqual([4, 4]);
});

it('a round that is interrupted ends, and what was made for it is removed', async () => {
  const stop = new AbortController();
  let made = 0;
  const contender = {
    name: 'one',
    before: () => void made++,
    async run() {
      stop.abort(new Error('enough'));
      return 1;
    },
    after: () => void made--,
  };
  const rounds = playRounds([contender], { rounds: 5, warmup: 0, seconds: 60, signal: stop.signal });
  await expect(rounds).rejects.toThrow('enough');
  expect(made).toBe(0);
});

it('a result can be read again', () => {
  const text = resultWith({ crun: 0.36, 'podman pull, on disk': 1.5 });
  expect(parseRows(text)).toEqual([
    { title: 'start', contender: 'crun', median: '2.00', ratio: '0.360' },
    { title: 'start', contender: 'podman pull, on disk', median: '2.00', ratio: '1.50' },
  ]);
});

it('ratios that differ by less than 15 % agree, in either direction', () => {
  expect(compared({ crun: 1 }, { crun: 1.14 })).toBe(true);
  expect(compared({ crun: 1.14 }, { crun: 1 })).toBe(true);
  expect(compared({ crun: 1 }, { crun: 1.16 })).toBe(false);
  expect(compared({ crun: 1.16 }, { crun: 1 })).toBe(false);
});

it('a ratio that one result does not have is a difference', () => {
  expect(compared({ crun: 1, runc: 1 }, { crun: 1 })).toBe(false);
  expect(() => compared({}, { crun: 1 })).toThrow('no ratios are in it');
});

it('a claim about nothing is broken', () => {
  expect(isBroken({ text: '', value: 0.5, bound: 0.6 })).toBe(false);
  expect(isBroken({ text: '', value: 0.7, bound: 0.6 })).toBe(true);
  expect(isBroken({ text: '', value: Number.NaN, bound: 0.6 })).toBe(true);
});

const samples = new Map([
  ['erofs', [1, 1, 1]],
  ['directory', [2, 2, 2]],
  ['podman', [4, 4, 4]],
]);
const pulls: Question = { title: 'pull', note: '', ours: ['erofs', 'directory'] };

function compared(first: Record<string, number>, second: Record<string, number>): boolean {
  const files = [first, second].map((ratios, index) => {
    writeFileSync(folder.join(`${index}.txt`), resultWith(ratios));
    return folder.join(`${index}.txt`);
  });
  return compareResults(files[0] as string, files[1] as string);
}

function resultWith(ratios: Record<string, number>): string {
  const figures = Object.entries(ratios).map(([contender, ratio]) => ({
    contender,
    ...{ min: 1, median: 2, p95: 3, ratio },
    between: [ratio, ratio] as const,
  }));
  const table = { title: 'start', note: 'one  note', rounds: 3, ours: 'run', figures };
  return formatReport({
    name: 'start',
    machine: { cpu: 'some  cpu  with  many  2  blanks' },
    tables: [table],
    claims: [],
  });
}
