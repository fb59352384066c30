import { readWords, writeControl } from './control-file.ts';
import { descendants } from './directories.ts';
import type { Place } from './place.ts';
import { errnoOf, refusal } from './refusal.ts';

/** The processes in these places, each once; those of other pid namespaces, which read as 0, are left out. */
export function processesIn(places: readonly Place[], options: { recursive?: boolean | undefined } = {}): number[] {
  const pids = new Set<number>();
  for (const { directory } of places) {
    for (const each of options.recursive ? [directory, ...below(directory)] : [directory]) {
      // What is threaded tells nothing, but the cgroup that it belongs to has its processes too.
      const quiet = each === directory ? GONE : [...GONE, 'ENOTSUP'];
      for (const pid of readProcesses(each, quiet)) pids.add(pid);
    }
  }
  return [...pids].sort((a, b) => a - b);
}

export function moveProcess(pid: number, places: readonly Place[], path: string): void {
  checkPid(pid);
  for (const { directory } of places) {
    const file = `${directory}/${PROCESSES}`;
    try {
      writeControl(directory, PROCESSES, String(pid));
    } catch (cause) {
      throw refusal(cause, {
        attempt: `move process ${pid} into ${path}: write to ${file}`,
        path,
        file,
        value: `${pid}`,
      });
    }
  }
}

/** 0 would be the process that writes. */
export function checkPid(pid: number): void {
  if (Number.isSafeInteger(pid) && pid > 0) return;
  throw new TypeError(`cannot use ${String(pid)} as a process id: it is a whole number above 0`);
}

const PROCESSES = 'cgroup.procs';

/** A cgroup inside may be removed between the listing and the reading. */
const GONE = ['ENOENT', 'ENODEV'];

function below(directory: string): string[] {
  return unless(GONE, () => descendants(directory));
}

function readProcesses(directory: string, quiet: readonly string[]): number[] {
  return unless(quiet, () => readWords(directory, PROCESSES).map(Number)).filter((pid) => pid > 0);
}

function unless<T>(quiet: readonly string[], read: () => T[]): T[] {
  try {
    return read();
  } catch (error) {
    if (quiet.includes(errnoOf(error) ?? '')) return [];
    throw error;
  }
}
