import { CgroupError } from './cgroup-error.ts';
import { writeControl } from './control-file.ts';
import { letGo, setFrozen } from './freeze.ts';
import { killEach } from './pidfds.ts';
import { type Place, placeOf, unifiedPlace } from './place.ts';
import { namesOf, occupantsOf, STRANGER } from './processes.ts';
import { errnoOf, refusal } from './refusal.ts';
import { checkTimeout, until, type WaitOptions } from './until.ts';
import { splitProcesses } from './v1/split-process.ts';
import { thawV1 } from './v1/thaw.ts';

/**
 * Kills everything in the cgroup and below, and waits until it is gone. Where v1 alone has the cgroup, nobody sees those of
 * another pid namespace: they stay, and `remove` finds out.
 *
 * `cgroup.kill` (Linux 5.14) does it in one write, and no fork escapes it. Without it: freeze, so that nobody can fork,
 * signal each process, and thaw, because a process frozen by v1 dies only then; again until nobody is left, because who is in a
 * v1 hierarchy need not be in the v2 one.
 */
export async function killAll(places: readonly Place[], path: string, options: WaitOptions = {}): Promise<void> {
  const { timeout = 5_000, signal } = options;
  checkTimeout(timeout);
  const begin = performance.now();
  const rest = () => Math.max(0, timeout - (performance.now() - begin));
  signal?.throwIfAborted();
  let left = insideOf(places, path);
  if (left.length === 0) return;
  if (left.includes(process.pid)) throw suicide(path);
  refuseSplit(places, path);
  const reached = killAtOnce(places, path) ? places.filter(({ hierarchy }) => hierarchy.version === 2) : [];
  if (reached.length === 0) await killFrozen(places, path, { timeout: Math.min(5_000, rest() * MOST), signal });
  thawV1(places, path);
  let dying: ReadonlySet<number> = new Set();
  const done = await until(
    () => {
      // Who goes between the readings is in one of them at least.
      const before = insideOf(reached, path);
      left = insideOf(places, path);
      dying = new Set([...before, ...insideOf(reached, path)]);
      killEach(
        left.filter((pid) => !dying.has(pid)),
        places,
        path,
      );
      return left.length === 0;
    },
    { timeout: rest(), signal },
  );
  if (!done) throw survivors(left, dying, path, timeout);
}

function insideOf(places: readonly Place[], path: string): number[] {
  return reading(places, path, () => occupantsOf(places, { recursive: true }));
}

function reading<T>(places: readonly Place[], path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    // Threaded: a signal would end the whole process, with the threads that are elsewhere.
    const file = `${places[0]?.directory}/cgroup.procs`;
    throw refusal(cause, { attempt: `kill the processes of ${path}: read ${file}`, path, file });
  }
}

function killAtOnce(places: readonly Place[], path: string): boolean {
  const unified = unifiedPlace(places);
  if (unified === undefined) return false;
  try {
    writeControl(unified.directory, 'cgroup.kill', '1');
    return true;
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return false;
    const file = `${unified.directory}/cgroup.kill`;
    throw refusal(cause, { attempt: `kill the processes of ${path}: write 1 to ${file}`, path, file, value: '1' });
  }
}

/** Of the time: what is left is for those who have been signalled to end. */
const MOST = 0.8;

async function killFrozen(places: readonly Place[], path: string, options: WaitOptions): Promise<void> {
  if (unifiedPlace(places) === undefined && placeOf(places, 'freezer') === undefined) return;
  try {
    await setFrozen(true, places, path, options).catch(ignoreStuck);
    killEach(
      insideOf(places, path).filter((pid) => pid !== STRANGER),
      places,
      path,
    );
  } finally {
    letGo(places);
  }
}

// One process that cannot be stopped is no reason not to kill the others.
function ignoreStuck(error: unknown): void {
  if (!(error instanceof CgroupError && error.code === 'CGROUP_BUSY')) throw error;
}

/** As the kernel does on v2: some of its threads are not ours to kill. */
function refuseSplit(places: readonly Place[], path: string): void {
  const [pid] = reading(places, path, () => splitProcesses(places));
  if (pid === undefined) return;
  const rule = `only some of the threads of process ${pid} are in it; kill the cgroup above, which has them all`;
  throw new CgroupError('CGROUP_DENIED', `cannot kill the processes of ${path}: it is threaded: ${rule}`, {
    path,
    pids: [pid],
  });
}

function suicide(path: string): CgroupError {
  const message = `cannot kill the processes of ${path}: this process is one of them; move it elsewhere first`;
  return new CgroupError('CGROUP_BUSY', message, { path, pids: [process.pid] });
}

function survivors(left: readonly number[], dying: ReadonlySet<number>, path: string, timeout: number): CgroupError {
  const unreachable = left.includes(STRANGER) && !dying.has(STRANGER);
  const why = unreachable
    ? 'what has no number here can be signalled from its own namespace alone, before Linux 5.14 (cgroup.kill)'
    : 'they may wait for a device';
  const message = `cannot kill the processes of ${path}: ${namesOf(left)} still there after ${timeout} ms; ${why}`;
  return new CgroupError('CGROUP_BUSY', message, { path, pids: left.filter((pid) => pid !== STRANGER) });
}
