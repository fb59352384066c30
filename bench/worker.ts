/** One bench, in a process and a cgroup of its own: started by main.ts. Arguments: name, folder for the result, quick or full. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bench } from './bench.ts';
import { benches } from './benches/index.ts';
import { removeCgroups, requireMemoryLimit } from './cgroups.ts';
import { describeMachine, load } from './machine.ts';
import { startPrograms } from './peers.ts';
import { fileSystemOf, makePlaces, removePlaces } from './places.ts';
import { formatReport, isBroken } from './report.ts';

const [name = '', out = '', extent = ''] = process.argv.slice(2);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    stop.abort(new Error(`ended by ${signal}`));
    // What does not end within that time is killed, and removed by main.ts.
    setTimeout(() => process.exit(1), 20_000).unref();
  });

try {
  process.exitCode = (await run()) ? 0 : 1;
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}

/** Whether our claims hold; a quick run claims nothing. */
async function run(): Promise<boolean> {
  const entry = benches[name];
  if (entry === undefined) throw new Error(`no such bench: ${name}`);
  await requireMemoryLimit();
  const quick = extent === 'quick';
  const places = makePlaces({ memoryOnly: quick });
  try {
    const before = load();
    await using programs = await startPrograms(places, stop.signal);
    const bench = new Bench({ quick, places, ...programs, signal: stop.signal });
    await entry.run(bench);
    const machine = {
      ...describeMachine(entry.commands),
      ...Object.fromEntries(places.map((place) => [place.name, fileSystemOf(place)])),
      load: `${before} before, ${load()} after`,
    };
    const { tables, claims } = bench;
    writeFileSync(join(out, `${name}.txt`), formatReport({ name, machine, tables, claims }));
    const broken = quick ? [] : claims.filter(isBroken);
    for (const { text, value, bound } of broken)
      console.error(`broken: ${text} is ${value.toFixed(2)}, not at most ${bound}`);
    return broken.length === 0;
  } finally {
    await removeCgroups(`/estiba/bench-${process.pid}-`);
    removePlaces(places);
  }
}
