import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import bounds from './bounds.json' with { type: 'json' };
import { table } from './table.ts';

const { alone, nodes, projects, tarballs } = inject('places');
const names = Object.keys(tarballs);
const [project = ''] = Object.values(projects);
const node = Object.entries(nodes).find(([version]) => version.startsWith('24.'))?.[1] ?? '';

// Bytes of the tarball and of its files; milliseconds of processor time that an import adds to a cold start of Node.
const kinds = ['packed', 'unpacked', 'importMs'] as const;
type Cost = Readonly<Record<(typeof kinds)[number], number>>;

/** Written by hand: sizes a quarter above what they are, times twice. Who needs more raises them, and sees it in the diff. */
const allowed: Readonly<Record<string, Cost>> = bounds;

describe('the cost of a package', () => {
  const costs: Record<string, Cost> = {};

  beforeAll(() => {
    const times = importTimes();
    for (const name of names) {
      const packed = statSync(tarballs[name] ?? '').size;
      const unpacked = sizeOf(join(alone[name] ?? '', 'node_modules/@estiba', name));
      costs[name] = { packed, unpacked, importMs: times[name]?.processor ?? Number.NaN };
    }
    const header = ['', ...kinds, 'import by the clock'];
    const rows = names.map((name) => [name, ...kinds.map((kind) => cell(name, kind)), `${times[name]?.clock}`]);
    console.log(`\n${table([header, ...rows])}\n`);
  });

  it('is bounded for every package, and for none that is gone', () => {
    expect(Object.keys(allowed).sort()).toEqual([...names].sort());
  });

  it.each(names.flatMap((name) => kinds.map((kind) => ({ name, kind }))))(
    '$name: $kind is within its bound',
    ({ name, kind }) => {
      expect(costs[name]?.[kind]).toBeLessThanOrEqual(allowed[name]?.[kind] ?? 0);
    },
  );

  /** With its bound, and a hint where that holds nothing back any more. */
  function cell(name: string, kind: keyof Cost): string {
    const [cost = 0, bound = 0] = [costs[name]?.[kind], allowed[name]?.[kind]];
    return `${cost} of ${bound}${bound > 3 * cost ? ' (lower it)' : ''}`;
  }
});

function sizeOf(folder: string): number {
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => statSync(join(folder, path)));
  return found.filter((stat) => stat.isFile()).reduce((sum, { size }) => sum + size, 0);
}

interface Time {
  readonly clock: number;
  /** The same without what other processes make us wait for. */
  readonly processor: number;
}

/** Milliseconds beyond a start that imports nothing: the median of rounds in which all take their turn. */
function importTimes(): Record<string, Time> {
  const rounds = 9;
  const samples = new Map<string, Time[]>(['', ...names].map((name) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const [name, taken] of samples) taken.push(start(name === '' ? '' : `import '@estiba/${name}';`));
  const median = (name: string, clock: keyof Time) =>
    (samples.get(name) ?? []).map((time) => time[clock]).sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN;
  const beyond = (name: string, clock: keyof Time) => Number((median(name, clock) - median('', clock)).toFixed(1));
  return Object.fromEntries(
    names.map((name) => [name, { clock: beyond(name, 'clock'), processor: beyond(name, 'processor') }]),
  );
}

function start(script: string): Time {
  const began = performance.now();
  const { status, stdout } = spawnSync(
    node,
    ['--input-type=module', '--eval', `${script} console.log(JSON.stringify(process.cpuUsage()))`],
    { cwd: project, env: {}, encoding: 'utf8', timeout: 20_000 },
  );
  const clock = performance.now() - began;
  expect(status).toBe(0);
  const { user, system } = JSON.parse(stdout);
  return { clock, processor: (user + system) / 1000 };
}
