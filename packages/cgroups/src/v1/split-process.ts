import { readdirSync, readlinkSync } from 'node:fs';
import { descendants } from '../directories.ts';
import type { Place } from '../place.ts';
import { GONE, isExiting, processesIn, unless } from '../processes.ts';
import { threadsIn } from '../threads.ts';

/**
 * The processes with threads in these places, or below, and others elsewhere. On v1 `cgroup.procs` names them all the same, and
 * whoever moves or kills them by that does so to all of each. On v2 the kernel refuses by itself. cgroups(7)
 */
export function splitProcesses(places: readonly Place[]): number[] {
  if (places.some(({ hierarchy }) => hierarchy.version === 2)) return [];
  const once = outsiders(places, processesIn(places, { recursive: true }));
  if (once.size === 0 || !isProcOurs()) return [];
  // A thread that was born between two readings is inside by the next one, and one that has ended is nowhere.
  const again = outsiders(places, [...once.keys()]);
  const still = new Set(processesIn(places, { recursive: true }));
  return [...once].flatMap(([pid, tids]) =>
    still.has(pid) && tids.some((tid) => again.get(pid)?.includes(tid)) ? [pid] : [],
  );
}

/** By process that has threads inside: those that are elsewhere. Those that are ending are in no list any more. */
function outsiders(places: readonly Place[], pids: readonly number[]): ReadonlyMap<number, number[]> {
  const inside = threadsBelow(places);
  const found = new Map<number, number[]>();
  for (const pid of pids) {
    const tids = threadsOf(pid);
    if (!tids.some((tid) => inside.has(tid))) continue;
    const outside = tids.filter((tid) => !inside.has(tid) && !isExiting(tid));
    if (outside.length > 0) found.set(pid, outside);
  }
  return found;
}

/** None where /proc hides them, or they are gone. hidepid in proc(5) */
function threadsOf(pid: number): number[] {
  return unless(['ENOENT', 'ESRCH', 'EPERM', 'EACCES'], () => readdirSync(`/proc/${pid}/task`).map(Number));
}

/** That of another pid namespace tells of other processes under these numbers. */
function isProcOurs(): boolean {
  return readlinkSync('/proc/self') === `${process.pid}`;
}

function threadsBelow(places: readonly Place[]): ReadonlySet<number> {
  const all = places.flatMap(({ hierarchy, directory }) => {
    const below = unless(GONE, () => descendants(directory));
    return [directory, ...below].map((each) => ({ hierarchy, directory: each }));
  });
  return new Set(all.flatMap((place) => unless(GONE, () => threadsIn([place]))));
}
