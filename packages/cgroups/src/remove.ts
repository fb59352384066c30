import { CgroupError } from './cgroup-error.ts';
import { descendants, removeDirectory } from './directories.ts';
import type { Place } from './place.ts';
import { processesIn } from './processes.ts';
import { errnoOf, refusal } from './refusal.ts';
import { until, type WaitOptions } from './until.ts';

/** Removes the cgroup from every hierarchy; whether nothing was in the way. */
export function tryRemove(places: readonly Place[], path: string): boolean {
  // The order of making, backwards, and no further than the first that is busy: what freezes and kills goes last.
  return places.toReversed().every(({ directory }) => removeTree(directory, path));
}

/** A process that has ended may need a moment to leave its cgroup, so a busy one is asked again for some time. */
export async function removeAll(places: readonly Place[], path: string, options: WaitOptions = {}): Promise<void> {
  const { timeout = 1_000, signal } = options;
  if (!(await until(() => tryRemove(places, path), { timeout, signal }))) throw busy(places, path);
}

function removeTree(directory: string, path: string): boolean {
  try {
    if (removeDirectory(directory)) return true;
    return [...descendants(directory), directory].map(removeDirectory).at(-1) === true;
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return true;
    throw refusal(cause, { attempt: `remove cgroup ${path}: rmdir ${directory}`, path, file: directory });
  }
}

function busy(places: readonly Place[], path: string): CgroupError {
  const pids = processesIn(places, { recursive: true });
  const who = pids.length === 0 ? 'something holds it' : `processes ${pids.join(', ')} are in it`;
  const message = `cannot remove cgroup ${path}: EBUSY; ${who}; kill() it first, or move them elsewhere`;
  return new CgroupError('CGROUP_BUSY', message, { path, pids });
}
