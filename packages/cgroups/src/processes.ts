import { readFileSync } from 'node:fs';
import { readWords } from './control-file.ts';
import { descendants } from './directories.ts';
import type { Place } from './place.ts';
import { errnoOf } from './refusal.ts';

export interface Within {
  /** Those of the cgroups below, too. */
  recursive?: boolean | undefined;
}

/** The processes in these places, each once; those of other pid namespaces are left out, for they have no number here. */
export function processesIn(places: readonly Place[], options: Within = {}): number[] {
  return occupantsOf(places, options).filter((pid) => pid !== STRANGER);
}

/** With one `STRANGER`, if there is any. */
export function occupantsOf(places: readonly Place[], options: Within = {}): number[] {
  const pids = new Set<number>();
  for (const { directory } of places) {
    for (const each of options.recursive ? [directory, ...below(directory)] : [directory]) {
      // What is threaded tells nothing, but the cgroup that it belongs to has its processes too.
      const quiet = each === directory ? GONE : [...GONE, 'ENOTSUP'];
      for (const pid of unless(quiet, () => readWords(each, PROCESSES).map(Number))) pids.add(pid);
    }
  }
  return [...pids].sort((a, b) => a - b);
}

/** As which v2 shows every process that is not in this pid namespace or one below; v1 shows nothing of it. */
export const STRANGER = 0;

/** It takes no more part in anything, and is not moved any more; proc_pid_stat(5) */
export function isExiting(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [, , , , , , flags] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(flags) & PF_EXITING) !== 0;
  } catch {
    return false;
  }
}

/** https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/include/linux/sched.h */
const PF_EXITING = 0x4;

/** For messages. */
export function namesOf(occupants: readonly number[]): string {
  return occupants.map((pid) => (pid === STRANGER ? 'processes of another pid namespace' : `${pid}`)).join(', ');
}

/** 0 would be the process that writes. */
export function checkPid(pid: number): void {
  if (Number.isSafeInteger(pid) && pid > 0) return;
  throw new TypeError(`cannot use ${String(pid)} as a process id: it is a whole number above 0`);
}

const PROCESSES = 'cgroup.procs';

/** A cgroup inside may be removed between the listing and the reading. */
export const GONE: readonly string[] = ['ENOENT', 'ENODEV'];

function below(directory: string): string[] {
  return unless(GONE, () => descendants(directory));
}

/** What is read, or nothing for one of these errors. */
export function unless<T>(quiet: readonly string[], read: () => T[]): T[] {
  try {
    return read();
  } catch (error) {
    if (quiet.includes(errnoOf(error) ?? '')) return [];
    throw error;
  }
}
