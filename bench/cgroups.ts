/** The cgroups of a bench: the one it runs in, which limits its memory, and those it gives to other programs. */
import { readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cgroup } from '@estiba/cgroups';
import { end, isAlive } from './processes.ts';

const GIGABYTE = 2 ** 30;
/** Room for two Debian trees in memory, and for 1.4 GB of ballast. */
export const memoryLimit = Math.min(8 * GIGABYTE, Math.floor(totalmem() * 0.6));

export function cgroupName(purpose: string, pid = process.pid): string {
  return `/estiba/bench-${pid}-${purpose}`;
}

/** A bench that may take the memory of the whole machine is not begun. */
export async function requireMemoryLimit(): Promise<void> {
  const own = await Cgroup.of('self');
  const { max } = (await own.stat()).memory;
  if (!own.path.startsWith('/estiba/bench-') || !(max <= memoryLimit))
    throw new Error(`refused to run in cgroup ${own.path} with ${max} bytes of memory: start it with pnpm bench`);
}

/** Cgroups whose names start with this, in every hierarchy, whoever made them: their processes are killed. */
export async function removeCgroups(start: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const left = hierarchies().flatMap((hierarchy) => matching(hierarchy, start));
    for (const directory of left) removeTree(directory);
    if (left.length === 0) return;
    if (tries === 200) throw new Error(`cannot remove ${left.join(', ')}: something in them does not end`);
    await sleep(10);
  }
}

/** Of benches that are no more; their process ids stand in the names. */
export async function sweepCgroups(alsoDead: readonly number[]): Promise<void> {
  const names = hierarchies().flatMap((hierarchy) => entries(`${hierarchy}/estiba`));
  const dead = names.flatMap((name) => {
    const pid = Number(/^bench-(\d+)-/.exec(name)?.[1]);
    return pid > 1 && !isAlive(pid) ? pid : [];
  });
  for (const pid of new Set([...dead, ...alsoDead]))
    for (const kind of ['bench', 'run']) await removeCgroups(`/estiba/${kind}-${pid}-`);
}

function hierarchies(): string[] {
  const lines = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  return lines
    .map((line) => line.split(' '))
    .flatMap(([, target = '', type = '']) => (type === 'cgroup' || type === 'cgroup2' ? target : []));
}

function matching(hierarchy: string, start: string): string[] {
  const folder = hierarchy + start.slice(0, start.lastIndexOf('/'));
  const name = start.slice(start.lastIndexOf('/') + 1);
  return entries(folder)
    .filter((entry) => entry.startsWith(name))
    .map((entry) => join(folder, entry));
}

/** As far as it goes; whoever asked looks again. */
function removeTree(directory: string): void {
  for (const name of entries(directory)) removeTree(join(directory, name));
  try {
    const members = readFileSync(join(directory, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean);
    for (const pid of members) end(Number(pid));
    rmdirSync(directory);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['EBUSY', 'ENOENT', 'ENODEV'].includes(code)) throw error;
  }
}

function entries(directory: string): string[] {
  try {
    const found = readdirSync(directory, { withFileTypes: true });
    return found.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
