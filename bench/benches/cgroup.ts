/** A cgroup: made with three limits, joined by a process, removed; also where there are two thousand already. */
import { execFile } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmdirSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Cgroup, detectCgroups, type Limits } from '@estiba/cgroups';
import { command, launch } from '@estiba/syscalls';
import type { Bench } from '../bench.ts';
import { complete, limits } from '../contenders/ours.ts';
import { median } from '../figures.ts';
import type { Contender } from '../rounds.ts';

const COUNT = 2_000;
/** Of which the median is one sample: two thousand cgroups are not made for each. */
const runs = 31;
/** After a second of waiting for siblings, code and caches are cold, which a program that makes cgroups is not. */
const WARMING = 15;
/** The kernel frees thousands of cgroups in the background: what is measured is that they are there. */
const SETTLING = 300;
const { memory, pids } = limits;

const alone = 'in a new cgroup';
const without = 'without';
const beside = `in a new cgroup, beside ${COUNT}`;
const besideQuotas = `in a new cgroup, beside ${COUNT} with quotas`;
const quota = 'of that, the kernel writes the quota';
const quotaAlone = 'the same alone';

export async function cgroup(bench: Bench): Promise<void> {
  const folder = bench.cgroup('siblings');
  const samples = await bench.compare({
    title: 'a process in a cgroup of its own',
    note: `memory, cpu and pids limited; /bin/true is launched, waited for, and its cgroup removed; a sample is the median of ${runs}`,
    ours: alone,
    contenders: contenders(folder),
    rounds: 12,
    warmup: 1,
    seconds: 200,
  });
  const of = (name: string) => median(samples.get(name) ?? []);
  const cost = (name: string) => of(name) - of(without);
  // What the kernel does for a quota grows with the machine's quotas, whoever writes it: see docs/decisions.md.
  const growth = of(quota) - of(quotaAlone);
  bench.claims.push(
    { text: 'create, three limits, join, remove, in ms', value: cost(alone), bound: 1.2 },
    { text: `the same beside ${COUNT} others, in ms`, value: cost(beside), bound: 1.2 },
    { text: `beside ${COUNT} others, by the time alone`, value: of(beside) / of(alone), bound: 1.15 },
    {
      text: `beside ${COUNT} with quotas, less what the kernel adds, by the time alone`,
      value: (of(besideQuotas) - growth) / of(alone),
      bound: 1.15,
    },
  );
}

function contenders(folder: string): Contender[] {
  const ours = () => medianOf(() => inCgroup(`${folder}/one`, limits));
  const kernels = quotaIn(folder);
  return [
    { name: alone, run: ours },
    { name: without, run: () => medianOf(() => complete(launch([command(['/bin/true'])], { stdio: 'ignore' }))) },
    { name: beside, run: () => amongMany(folder, { memory, pids }, ours) },
    { name: besideQuotas, run: () => amongMany(folder, limits, ours) },
    { name: quota, run: () => amongMany(folder, limits, kernels) },
    { name: quotaAlone, run: kernels },
  ];
}

async function inCgroup(path: string, wanted: Limits): Promise<void> {
  const group = await Cgroup.create(path, wanted);
  await complete(launch([group.join(), command(['/bin/true'])], { stdio: 'ignore' }));
  await group.remove();
}

/** All of them have the same limits: what the kernel has to look through is as large as it gets. */
async function amongMany(folder: string, wanted: Limits, run: () => Promise<number>): Promise<number> {
  try {
    await siblings('make', folder, wanted);
    return await run();
  } finally {
    await siblings('remove', folder, wanted);
  }
}

async function siblings(action: 'make' | 'remove', folder: string, wanted: Limits): Promise<void> {
  const program = fileURLToPath(new URL('../contenders/siblings-main.ts', import.meta.url));
  await promisify(execFile)(process.execPath, [program, action, folder, `${COUNT}`, JSON.stringify(wanted)]);
  await sleep(SETTLING);
}

/** The one write, without anything of ours around it but the process that makes the caches as cold as they are there. */
function quotaIn(folder: string): () => Promise<number> {
  return async () => {
    const { hierarchies } = await detectCgroups();
    const hierarchy = hierarchies.find(({ controllers }) => controllers.includes('cpu'));
    if (hierarchy === undefined) throw new Error('this machine cannot limit CPU time');
    const directory = `${hierarchy.mountPoint}${folder}/quota`;
    const [file, value] = hierarchy.version === 1 ? ['cpu.cfs_quota_us', '50000'] : ['cpu.max', '50000 100000'];
    mkdirSync(directory, { recursive: true });
    const times: number[] = [];
    for (let number = 0; number < runs; number++) {
      await complete(launch([command(['/bin/true'])], { stdio: 'ignore' }));
      const fd = openSync(`${directory}/${file}`, 'r+');
      const began = performance.now();
      writeSync(fd, value);
      times.push(performance.now() - began);
      closeSync(fd);
    }
    rmdirSync(directory);
    return median(times);
  };
}

async function medianOf(run: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let number = -WARMING; number < runs; number++) {
    const began = performance.now();
    await run();
    if (number >= 0) times.push(performance.now() - began);
  }
  return median(times);
}
