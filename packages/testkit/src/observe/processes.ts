import { accessSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Trace } from './trace.ts';

export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  readonly state: string;
  /** In clock ticks since boot: with the pid, it identifies a process for good. */
  readonly started: string;
}

/** Set for every process that the tests start and that inherits the environment, also when it becomes a daemon. */
const mark = 'ESTIBA_TEST_PROCESS';

/** Children and zombies of this process, and whatever has slipped away from it. */
export function processTraces(all: ReadonlyMap<number, Process>): Trace[] {
  const tree = descendants(all, process.pid);
  return [...all.values()].flatMap((found) => {
    if (found.pid === process.pid) return [];
    const ours = tree.has(found.pid) || isMarked(found.pid);
    if (!ours && !isLauncher(found.pid)) return [];
    const what = found.state === 'Z' ? 'zombie' : 'process';
    return [{ key: `${found.pid} ${found.started}`, text: `${what} ${found.pid} (${found.name})`, ours }];
  });
}

export function markChildren(): void {
  process.env[mark] = String(process.pid);
}

/** Every process that /proc shows, by process id. */
export function allProcesses(): Map<number, Process> {
  const numbers = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = numbers.flatMap((name) => readProcess(Number(name)) ?? []);
  return new Map(found.map((each) => [each.pid, each]));
}

export function descendants(all: ReadonlyMap<number, Process>, root: number): Set<number> {
  const tree = new Set([root]);
  // Parents may come after their children in the list, since process ids wrap around.
  for (let size = 0; size !== tree.size; ) {
    size = tree.size;
    for (const each of all.values()) if (tree.has(each.parent)) tree.add(each.pid);
  }
  return tree;
}

// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: the name may contain spaces and parentheses.
function readProcess(pid: number): Process | undefined {
  const text = readOrNothing(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  if (text === undefined) return undefined;
  const end = text.lastIndexOf(')');
  const fields = text.slice(end + 2).split(' ');
  const name = text.slice(text.indexOf('(') + 1, end);
  return { pid, name, state: fields[0] ?? '?', parent: Number(fields[1]), started: fields[19] ?? '' };
}

function isMarked(pid: number): boolean {
  const environment = readOrNothing(() => readFileSync(`/proc/${pid}/environ`, 'latin1'));
  return environment?.split('\0').includes(`${mark}=${process.pid}`) ?? false;
}

/** The launcher runs from a memfd, as hardly anything else does. */
function isLauncher(pid: number): boolean {
  return readOrNothing(() => readlinkSync(`/proc/${pid}/exe`))?.startsWith('/memfd:') ?? false;
}

/** ENODEV: a cgroup that is removed while its file is open; ENOTSUP: the processes of one that is threaded. */
const gone: ReadonlySet<string> = new Set(['ENOENT', 'ESRCH', 'ENODEV', 'EACCES', 'EPERM', 'EINVAL', 'ENOTSUP']);

/** A process may end, or be somebody else's, at any moment while we look at it. */
export function readOrNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== undefined && gone.has(code)) return undefined;
    throw error;
  }
}

/** Whether this process may access a path in that way, e.g. `constants.X_OK`. */
export function mayAccess(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
