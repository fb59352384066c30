import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cgroupTrees } from './observe/cgroup-trees.ts';
import { mounts } from './observe/mounts.ts';
import { readOrNothing } from './observe/processes.ts';

/**
 * Removes what runs have left that were killed: temporary folders and empty cgroups that carry the number of a process
 * which is gone. Never through a mount: what is mounted may be anybody's.
 */
export function sweep(): void {
  if (process.platform !== 'linux') return;
  const targets = mounts().map(({ target }) => target);
  for (const path of foldersOfTheDead([...new Set([tmpdir(), '/dev/shm'])])) {
    if (!targets.some((target) => `${target}/`.startsWith(`${path}/`)))
      readOrNothing(() => rmSync(path, { recursive: true, force: true }));
  }
  for (const { directory } of cgroupTrees()) removeDeadCgroups(`${directory}/estiba`);
}

function foldersOfTheDead(directories: readonly string[]): string[] {
  return directories.flatMap((directory) =>
    (readOrNothing(() => readdirSync(directory)) ?? [])
      .filter((name) => isOfTheDead(/^estiba-(\d+)-/.exec(name)?.[1]))
      .map((name) => join(directory, name)),
  );
}

function removeDeadCgroups(directory: string): void {
  for (const entry of readOrNothing(() => readdirSync(directory, { withFileTypes: true })) ?? []) {
    if (!entry.isDirectory() || !isOfTheDead(/^[a-z]+-(\d+)(-|$)/.exec(entry.name)?.[1])) continue;
    remove(join(directory, entry.name));
  }
}

/** The deepest first; the kernel keeps those that somebody is in. */
function remove(directory: string): void {
  try {
    for (const entry of readdirSync(directory, { withFileTypes: true }))
      if (entry.isDirectory()) remove(join(directory, entry.name));
    rmdirSync(directory);
  } catch {
    // Somebody is in it, or it is gone, or not ours.
  }
}

function isOfTheDead(pid: string | undefined): boolean {
  return pid !== undefined && !existsSync(`/proc/${pid}`);
}
