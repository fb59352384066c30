import { CgroupError } from './cgroup-error.ts';
import { descendants, removeDirectory } from './directories.ts';
import type { Place } from './place.ts';
import { namesOf, occupantsOf, STRANGER } from './processes.ts';
import { errnoOf, refusal } from './refusal.ts';
import { threadsIn } from './threads.ts';
import { checkTimeout, until, type WaitOptions } from './until.ts';
import { isDying, thawV1 } from './v1/thaw.ts';

/** Removes the cgroup from every hierarchy; whether nothing was in the way. */
export function tryRemove(places: readonly Place[], path: string): boolean {
  // The order of making, backwards, and no further than the first that is busy: what freezes and kills goes last.
  return places.toReversed().every(({ directory }) => removeTree(directory, path));
}

/** A process that has ended may need a moment to leave its cgroup, so a busy one is asked again for some time. */
export async function removeAll(places: readonly Place[], path: string, options: WaitOptions = {}): Promise<void> {
  const { timeout = 1_000, signal } = options;
  checkTimeout(timeout);
  if (tryRemove(places, path)) return;
  if (insideOf(places, path).every((pid) => pid !== STRANGER && isDying(pid))) thawV1(places, path);
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
  const inside = insideOf(places, path);
  const who = inside.length === 0 ? NOBODY : `still inside: ${namesOf(inside)}`;
  const message = `cannot remove cgroup ${path}: EBUSY; ${who}; kill() it first, or move them elsewhere`;
  return new CgroupError('CGROUP_BUSY', message, { path, pids: inside.filter((pid) => pid !== STRANGER) });
}

// cgroup.procs of v2 shows them as 0, that of v1 leaves them out.
const NOBODY = 'nobody is listed, as v1 does with processes of another pid namespace';

/** What is threaded tells no processes, only threads. */
function insideOf(places: readonly Place[], path: string): number[] {
  try {
    return occupantsOf(places, { recursive: true });
  } catch (cause) {
    if (errnoOf(cause) === 'ENOTSUP') return threadsIn(places);
    const file = `${places[0]?.directory}/cgroup.procs`;
    throw refusal(cause, { attempt: `remove cgroup ${path}: read ${file}`, path, file });
  }
}
