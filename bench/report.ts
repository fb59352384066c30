/** A result as text: for people, and for `compare`, which reads the same text. */
import type { Figures } from './figures.ts';

export interface Table {
  readonly title: string;
  /** What is equal about the contenders, and what is not. */
  readonly note: string;
  readonly rounds: number;
  readonly ours: string;
  readonly figures: readonly Figures[];
}

/** Something that we say about ourselves: the number must not be above the bound. */
export interface Claim {
  readonly text: string;
  readonly value: number;
  readonly bound: number;
}

export interface Report {
  readonly name: string;
  readonly machine: Readonly<Record<string, string>>;
  readonly tables: readonly Table[];
  readonly claims: readonly Claim[];
}

export function isBroken({ value, bound }: Claim): boolean {
  return !(value <= bound);
}

export function formatReport({ name, machine, tables, claims }: Report): string {
  const facts = Object.entries(machine).map(([key, value]) => `${key.padEnd(10)}${value}`);
  return [`bench ${name}`, '', ...facts, ...tables.flatMap(formatTable), ...formatClaims(claims), ''].join('\n');
}

const widths = [11, 11, 11, 9, 15];
const headings = ['contender', 'min', 'median', 'p95', 'ratio', 'between'];

export function formatTable({ title, note, rounds, ours, figures }: Table): string[] {
  const rows = figures.map(({ contender, min, median, p95, ratio, between }) => [
    contender,
    ...[min, median, p95].map((time) => time.toFixed(2)),
    ratio.toPrecision(3),
    between.some(Number.isNaN) ? '?' : between.map((bound) => bound.toPrecision(3)).join('-'),
  ]);
  const width = Math.max(...rows.map(([contender = '']) => contender.length));
  const line = ([first = '', ...rest]: readonly string[]) =>
    `  ${first.padEnd(width)}${rest.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('')}`;
  const about = `rounds: ${rounds}; times in ms; ratio: ${ours} by this one`;
  return ['', `## ${title}`, note, about, '', line(headings), ...rows.map(line)];
}

function formatClaims(claims: readonly Claim[]): string[] {
  if (claims.length === 0) return [];
  const lines = claims.map((claim) => {
    const verdict = isBroken(claim) ? 'BROKEN' : 'holds';
    return `  ${claim.text}: ${claim.value.toFixed(2)}, at most ${claim.bound}: ${verdict}`;
  });
  return ['', '## claims', ...lines];
}

export interface Row {
  /** Of the table. */
  readonly title: string;
  readonly contender: string;
  /** As they are written. */
  readonly median: string;
  readonly ratio: string;
}

/** The rows of all tables in a result. */
export function parseRows(text: string): Row[] {
  const rows: Row[] = [];
  let title = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('## ')) title = line.slice(3);
    const [contender = '', ...cells] = line.trim().split(/ {2,}/);
    const [, median = '', , ratio = ''] = cells;
    if (line.startsWith('  ') && cells.length === widths.length && Number(ratio) > 0)
      rows.push({ title, contender, median, ratio });
  }
  return rows;
}
