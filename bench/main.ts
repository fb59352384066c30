/**
 * `pnpm bench [name…] [--quick] [--out DIR]`: our figures beside those of others, explained in docs/benchmarks.md;
 * `pnpm bench compare A B`: whether two results agree; `pnpm bench summary`: put the results into that document.
 *
 * Needs root, cc, and the programs to compare with. What it makes lies in /dev/shm, in /var/tmp and in the cgroup folder
 * /estiba, and is removed; a minimal Debian is kept in /var/cache/estiba for the next time.
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Cgroup } from '@estiba/cgroups';
import { command, launch } from '@estiba/syscalls';
import { leftovers, missing } from '@estiba/testkit';
import { makeDebian } from '../tests/interop/debian-root.ts';
import { benches } from './benches/index.ts';
import { cgroupName, memoryLimit, sweepCgroups } from './cgroups.ts';
import { compareResults } from './compare.ts';
import { sweepPlaces } from './places.ts';
import { writeSummary } from './summary.ts';

const { values, positionals } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    out: { type: 'string', default: join(import.meta.dirname, 'results') },
  },
  allowPositionals: true,
});
const [first, ...rest] = positionals;
process.exitCode = (await main()) ? 0 : 1;

async function main(): Promise<boolean> {
  if (first === 'compare') return compare(rest);
  if (first !== 'summary') return await runAll(positionals);
  writeSummary(values.out);
  return true;
}

function compare([a, b]: readonly string[]): boolean {
  if (a === undefined || b === undefined) throw new Error('compare takes two results: pnpm bench compare A B');
  return compareResults(a, b);
}

async function runAll(names: readonly string[]): Promise<boolean> {
  const known = Object.keys(benches);
  const chosen = names.length === 0 ? known : names;
  const unknown = chosen.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`no such bench: ${unknown} (one of ${known.join(', ')})`);
  requirePrograms(chosen);
  await sweepCgroups(sweepPlaces());
  await makeDebian();
  const out = resolve(values.out);
  mkdirSync(out, { recursive: true });
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  // What the first launch opens for good, libuv's reserve descriptor too, is not left behind.
  await (await launch([command(['/bin/true'])], { stdio: 'ignore' })).wait();
  const left = leftovers({ within: 3_000 });
  const failed: string[] = [];
  for (const name of chosen) if (!stop.signal.aborted && !(await runOne(name, out, stop.signal))) failed.push(name);
  const found = await left();
  for (const trace of found) console.error(`left behind: ${trace}`);
  console.log(`bench: ${chosen.length} run, ${failed.length} failed${failed.map((name) => ` (${name})`).join('')}`);
  return failed.length === 0 && found.length === 0 && !stop.signal.aborted;
}

function requirePrograms(names: readonly string[]): void {
  const command = new Set(['cc', 'debootstrap', ...names.flatMap((name) => benches[name]?.commands ?? [])]);
  const lacks = missing({ root: true, overlay: true, cgroup: true, command: [...command] });
  if (lacks.length > 0) throw new Error(`cannot run the benches ${names.join(', ')}: ${lacks.join('; ')}`);
}

/** Each in a process of its own, so that none pays for the memory that another has used; and with a limit on its own. */
async function runOne(name: string, out: string, stop: AbortSignal): Promise<boolean> {
  await using house = await Cgroup.create(cgroupName('house'), { memory: { max: memoryLimit } });
  const worker = join(import.meta.dirname, 'worker.ts');
  const argv = [process.execPath, ...process.execArgv, worker, name, out, values.quick ? 'quick' : 'full'];
  await using child = await launch([...house.join(), command(argv, process.env as Record<string, string>)], {
    stdio: 'inherit',
  });
  const forward = () => void child.kill('SIGTERM');
  stop.addEventListener('abort', forward, { once: true });
  try {
    return (await child.wait()).exitCode === 0;
  } finally {
    stop.removeEventListener('abort', forward);
    // Whatever became of it.
    await sweepCgroups([child.pid]);
    sweepPlaces();
  }
}
