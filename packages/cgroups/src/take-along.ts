import { CgroupError } from './cgroup-error.ts';
import { makePlace } from './create.ts';
import { giveBack, type Origins } from './give-back.ts';
import { membershipsOf, moveProcess } from './migration.ts';
import type { Place } from './place.ts';
import { isExiting, namesOf, occupantsOf, processesIn, STRANGER } from './processes.ts';
import { typeOf } from './threads.ts';
import { type Branch, walk } from './tree.ts';
import { splitProcesses } from './v1/split-process.ts';

/**
 * v1: takes the processes of a cgroup along into the places that it has got in more hierarchies, all of them or none. The
 * cgroups inside come along, with their processes: what limits this one has to limit them. `made` collects what is new.
 */
export function takeAlong(branch: Branch, added: readonly Place[], made: string[]): void {
  // Before anybody is moved.
  for (const { path, places } of domainsOf(branch)) refuseStrangers(occupantsOf(places), path);
  const origins: Origins = new Map();
  const reached: Place[] = [];
  try {
    for (const { path, places } of domainsOf(branch)) {
      const isAdded = path === branch.path;
      const to = isAdded ? added : added.map(({ hierarchy }) => makePlace(hierarchy, path, {}, made));
      reached.push(...to);
      moveAll(places, to, path, origins);
    }
  } catch (error) {
    giveBack(reached, origins);
    throw withWhereabouts(error, reached);
  }
}

/** Each before those inside it. Single threads stay with their process. */
function* domainsOf(branch: Branch): Generator<Branch> {
  for (const each of walk(branch)) {
    if (each.path === branch.path || typeOf(each.places) !== 'threaded') yield each;
  }
}

function refuseStrangers(occupants: readonly number[], path: string): void {
  if (occupants.includes(STRANGER)) throw foreign(path);
}

/** Children born during the move may still be in the old place alone; nobody outruns ten rounds by chance. */
function moveAll(from: readonly Place[], to: readonly Place[], path: string, origins: Origins): void {
  const asked = new Set<number>();
  // v1: they belong where the most of their threads are, in a cgroup above, and have come along with that one.
  const split = new Set(splitProcesses(from));
  // Who is ending is moved no more, and without an error.
  const outside = () =>
    missingIn(to, occupantsOf(from)).filter((pid) => !split.has(pid) && !(asked.has(pid) && isExiting(pid)));
  let left = outside();
  for (let round = 0; round < ROUNDS && left.length > 0; round++) {
    refuseStrangers(left, path);
    for (const pid of left) {
      if (!origins.has(pid)) origins.set(pid, membershipsOf(pid));
      moveIfAlive(pid, to, path);
      asked.add(pid);
    }
    left = outside();
  }
  if (left.length > 0) throw restless(path, left);
}

const ROUNDS = 10;

/** A child that was born between two of the moves is in some of the places. */
function missingIn(to: readonly Place[], pids: readonly number[]): number[] {
  const there = to.map((place) => new Set(processesIn([place])));
  return pids.filter((pid) => there.some((inPlace) => !inPlace.has(pid)));
}

function moveIfAlive(pid: number, to: readonly Place[], path: string): void {
  try {
    moveProcess(pid, to, path);
  } catch (error) {
    if (!(error instanceof CgroupError && error.code === 'PROCESS_GONE')) throw error;
  }
}

/** Who could not go back is under limits that nobody was told of. */
function withWhereabouts(error: unknown, reached: readonly Place[]): unknown {
  const left = reached.flatMap((place) => {
    const pids = processesIn([place]).filter((pid) => !isExiting(pid));
    return pids.length === 0 ? [] : [`${namesOf(pids)} in ${place.directory}`];
  });
  if (left.length === 0 || !(error instanceof CgroupError)) return error;
  const message = `${error.message}; not to be moved back, and now limited there: ${left.join('; ')}`;
  const { code, path, file, value, pids } = error;
  return new CgroupError(code, message, { path, file, value, pids, cause: error });
}

/** It has no number here by which it could be moved, and the limit would not be its limit. */
function foreign(path: string): CgroupError {
  const rule = 'a process of another pid namespace is in it, and cannot be taken along; set the limit from there';
  return new CgroupError('CGROUP_BUSY', `cannot limit ${path} in one more v1 hierarchy: ${rule}`, { path });
}

function restless(path: string, pids: readonly number[]): CgroupError {
  const rule = `${namesOf(pids)} still outside of it after ${ROUNDS} rounds of moving; freeze() the cgroup, and set it again`;
  return new CgroupError('CGROUP_BUSY', `cannot limit ${path} in one more v1 hierarchy: ${rule}`, { path, pids });
}
