import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { allProcesses, descendants, type Process, readOrNothing } from './observe/processes.ts';

/**
 * Whether other programs of this project are at work on the machine: a second test run, a demo, a benchmark. What they
 * make and remove must not be taken for ours. `ESTIBA_ALONE=1` promises that there are none.
 */
export function othersAreRunning(): boolean {
  if (process.env.ESTIBA_ALONE === '1') return false;
  const all = allProcesses();
  const ours = descendants(all, topOfThisRun(all));
  return [...all.values()].some(({ pid }) => !ours.has(pid) && isNodeInProject(pid));
}

/** The outermost Node above this process: the test runner, or the script that started it. */
function topOfThisRun(all: ReadonlyMap<number, Process>): number {
  let top = process.pid;
  for (let each = all.get(process.pid); each !== undefined && each.pid > 1; each = all.get(each.parent)) {
    if (isNode(each.pid)) top = each.pid;
  }
  return top;
}

/** By where it is and by what it was told to run; a second clone of the project counts as well. */
function isNodeInProject(pid: number): boolean {
  if (!isNode(pid)) return false;
  const directory = readOrNothing(() => readlinkSync(`/proc/${pid}/cwd`)) ?? '';
  const args = readOrNothing(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))?.split('\0') ?? [];
  return [directory, ...args].some((path) => path.startsWith('/') && isInProject(path));
}

function isInProject(path: string): boolean {
  for (let folder = path; folder !== '/'; folder = dirname(folder)) {
    if (existsSync(join(folder, 'packages/testkit/package.json'))) return true;
  }
  return false;
}

function isNode(pid: number): boolean {
  const file = readOrNothing(() => readlinkSync(`/proc/${pid}/exe`));
  return file !== undefined && basename(file).startsWith('node');
}
