import { parseArgs } from 'node:util';
import { parseInterval, parseNumber, UsageError } from './arguments.ts';
import type { SortKey } from './top-table.ts';

export const topUsage = `Usage: cgroups top [options] [path]

Show the cgroups of this machine, or those from a path on, and what each uses with all inside it.

  --interval TIME   between two looks: 1, 0.5, 500ms; 1 s unless told
  --count NUMBER    so many looks, then end; 1 unless told when the output is no terminal
  --depth NUMBER    levels below the path; 5 unless told
  --sort KEY        cpu, memory, pids, stall or name; cpu unless told
  --json            one line of JSON for each look

Keys: c, m, p, s and n sort by cpu, memory, pids, stall and name; q ends.
cpu: 100 % is one CPU. stall: how much of the last 10 s some process waited for memory (v2, kernels with PSI).
`;

export interface TopOptions {
  readonly path: string;
  /** Milliseconds. */
  readonly interval: number;
  readonly count: number;
  readonly depth: number;
  readonly sort: SortKey;
  readonly json: boolean;
  readonly help: boolean;
}

export function parseTop(args: readonly string[], { terminal }: { terminal: boolean }): TopOptions {
  const { values, positionals } = parse(args);
  if (positionals.length > 1) throw new UsageError(`top takes one path, not ${positionals.length}`);
  const json = values.json ?? false;
  return {
    path: positionals[0] ?? '/',
    interval: parseInterval(values.interval ?? '1', 'interval'),
    count: wholeNumber(values.count, 'count', terminal && !json ? Number.POSITIVE_INFINITY : 1),
    depth: wholeNumber(values.depth, 'depth', 5),
    sort: parseSort(values.sort ?? 'cpu'),
    json,
    help: values.help ?? false,
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = {
    interval: text,
    count: text,
    depth: text,
    sort: text,
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error));
  }
}

function wholeNumber(given: string | undefined, option: string, usual: number): number {
  if (given === undefined) return usual;
  return Math.floor(parseNumber(given, option, { least: option === 'count' ? 1 : 0, most: 1_000_000 }));
}

function parseSort(given: string): SortKey {
  const key = sortKeys.find((each) => each === given);
  if (key === undefined) throw new UsageError(`--sort ${given}: write one of ${sortKeys.join(', ')}`);
  return key;
}

const sortKeys: readonly SortKey[] = ['cpu', 'memory', 'pids', 'stall', 'name'];
