import { readdirSync, readlinkSync } from 'node:fs';
import { descendants } from '../directories.ts';
import { ifThere } from '../missing-file.ts';
import type { Place } from '../place.ts';
import { isExiting, processesIn } from '../processes.ts';
import { threadsIn, typeOf } from '../threads.ts';

/**
 * A process with threads in these places, or below, and others elsewhere. On v1 `cgroup.procs` names it all the same, and
 * whoever moves or kills it by that does so to all of it. On v2 the kernel refuses by itself. cgroups(7)
 */
export function splitProcess(places: readonly Place[]): number | undefined {
  if (places.some(({ hierarchy }) => hierarchy.version === 2)) return undefined;
  const pids = processesIn(places, { recursive: true });
  const inside = threadsBelow(places);
  const suspects = pids.filter((pid) => outsideOf(inside, pid).length > 0);
  if (suspects.length === 0 || !isProcOurs()) return undefined;
  // Who was born, has ended or was moved between the readings is none: so what is found has to be found again.
  const [later, still] = [threadsBelow(places), new Set(processesIn(places, { recursive: true }))];
  return suspects.find((pid) => still.has(pid) && outsideOf(inside, pid).some((tid) => !later.has(tid)));
}

/** Whether it has single threads: v2 knows by its type, v1 by who is in it. */
export function isThreaded(places: readonly Place[]): boolean {
  return typeOf(places) === 'threaded' || splitProcess(places) !== undefined;
}

/** Those that are ending are in no list any more. */
function outsideOf(inside: ReadonlySet<number>, pid: number): number[] {
  const tids = ifThere<string[]>([], () => readdirSync(`/proc/${pid}/task`)).map(Number);
  return tids.filter((tid) => !inside.has(tid) && !isExiting(tid));
}

/** That of another pid namespace tells of other processes under these numbers. */
function isProcOurs(): boolean {
  return readlinkSync('/proc/self') === `${process.pid}`;
}

function threadsBelow(places: readonly Place[]): ReadonlySet<number> {
  const all = places.flatMap(({ hierarchy, directory }) => [
    { hierarchy, directory },
    ...ifThere<string[]>([], () => descendants(directory)).map((below) => ({ hierarchy, directory: below })),
  ]);
  return new Set(all.flatMap((place) => ifThere<number[]>([], () => threadsIn([place]))));
}
