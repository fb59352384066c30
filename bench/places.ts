/** Where benches write: a folder in memory and one on the disk, named by the process that they belong to. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from './processes.ts';

export interface Place {
  readonly name: 'tmpfs' | 'disk';
  readonly path: string;
}

const parents = { tmpfs: '/dev/shm', disk: '/var/tmp' } as const;
const prefix = 'estiba-bench-';

/** No disk where /var/tmp is a tmpfs too. */
export function makePlaces({ memoryOnly = false } = {}): Place[] {
  const TMPFS_MAGIC = 0x01021994;
  const hasDisk = !memoryOnly && statfsSync(parents.disk).type !== TMPFS_MAGIC;
  const names = hasDisk ? (['tmpfs', 'disk'] as const) : (['tmpfs'] as const);
  return names.map((name) => ({ name, path: mkdtempSync(join(parents[name], `${prefix}${process.pid}-`)) }));
}

export function removePlaces(places: readonly Place[]): void {
  for (const { path } of places) rmSync(path, { recursive: true, force: true });
}

/** What benches left that were killed; returns their process ids. */
export function sweepPlaces(): number[] {
  const found = Object.values(parents).flatMap((parent) =>
    readdirSync(parent)
      .map((name) => ({ path: join(parent, name), pid: Number(/^estiba-bench-(\d+)-/.exec(name)?.[1]) }))
      .filter(({ pid }) => pid > 1 && !isAlive(pid)),
  );
  for (const { path } of found) rmSync(path, { recursive: true, force: true });
  return [...new Set(found.map(({ pid }) => pid))];
}

/** The kind of file system a place is on, for the report. */
export function fileSystemOf({ path }: Place): string {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').trim().split('\n');
  const above = mounts
    .map((line) => line.split(' '))
    .filter(([, target = '']) => target === '/' || path.startsWith(`${target}/`))
    .sort(([, a = ''], [, b = '']) => a.length - b.length);
  return `${above.at(-1)?.[2] ?? 'unknown'} at ${path.slice(0, path.lastIndexOf('/'))}`;
}
