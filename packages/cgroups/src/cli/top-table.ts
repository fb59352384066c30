import { formatBytes } from './sizes.ts';
import { cpusBetween, type Sample } from './top-sample.ts';

export type SortKey = 'cpu' | 'memory' | 'pids' | 'stall' | 'name';

export interface TableOptions {
  readonly sort: SortKey;
  /** Of the terminal, in characters; Infinity for a file. */
  readonly columns: number;
  readonly rows: number;
}

export interface Row {
  readonly path: string;
  readonly cpus: number;
  readonly memory: number;
  readonly pids: number;
  readonly pressure: number;
}

/** By use the greatest first, equal ones and everything else by name; what is not counted comes last. */
export function rowsOf(before: Sample | undefined, after: Sample, sort: SortKey): Row[] {
  const rows = [...after.usages.values()].map((usage) => ({ ...usage, cpus: cpusBetween(before, after, usage.path) }));
  const value = (row: Row) => ({ ...row, cpu: row.cpus, stall: row.pressure, name: 0 })[sort];
  const rank = (row: Row) => (Number.isNaN(value(row)) ? Number.NEGATIVE_INFINITY : value(row));
  return rows.sort((a, b) => (rank(a) === rank(b) ? (a.path < b.path ? -1 : 1) : rank(b) - rank(a)));
}

/** The lines of the table, each no longer than the terminal is wide, and no more than it has rows. */
export function formatTable(rows: readonly Row[], { sort, columns, rows: height }: TableOptions): string[] {
  const width = Math.max(20, columns === Number.POSITIVE_INFINITY ? longest(rows) : columns - numbers);
  const heading = (text: string, key: SortKey) => (key === sort ? `${text}*` : text);
  const lines = [
    line(heading('cgroup', 'name'), width, [
      heading('cpu', 'cpu'),
      heading('memory', 'memory'),
      heading('pids', 'pids'),
      heading('stall', 'stall'),
    ]),
    ...rows.map((row) =>
      line(shorten(row.path, width), width, [
        percent(row.cpus * 100),
        formatBytes(row.memory),
        Number.isNaN(row.pids) ? '-' : String(row.pids),
        percent(row.pressure),
      ]),
    ),
  ];
  return lines.slice(0, height);
}

const widths = [9, 12, 8, 8];
const numbers = widths.reduce((sum, width) => sum + width, 0);

function longest(rows: readonly Row[]): number {
  return rows.reduce((most, { path }) => Math.max(most, path.length), 0);
}

function line(name: string, width: number, cells: readonly string[]): string {
  return name.padEnd(width) + cells.map((cell, index) => cell.padStart(widths[index] ?? 0)).join('');
}

/** The end of a path tells more than its beginning. */
function shorten(path: string, width: number): string {
  // A name may hold what a terminal would obey.
  const text = path.replaceAll(/\p{Cc}/gu, '?');
  return text.length <= width ? text : `…${text.slice(text.length - width + 1)}`;
}

function percent(value: number): string {
  return Number.isNaN(value) ? '-' : `${value.toFixed(1)} %`;
}
