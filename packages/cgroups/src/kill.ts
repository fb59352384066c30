import { attempt, type Fd, perform, syscall } from '@estiba/syscalls';
import { CgroupError } from './cgroup-error.ts';
import { writeControl } from './control-file.ts';
import { descendants } from './directories.ts';
import { setFrozen } from './freeze.ts';
import { type Place, placeOf, unifiedPlace } from './place.ts';
import { processesIn } from './processes.ts';
import { errnoOf, refusal } from './refusal.ts';
import { until, type WaitOptions } from './until.ts';

/**
 * Kills everything in the cgroup and below, and waits until it is gone.
 *
 * `cgroup.kill` (Linux 5.14) does it in one write, and no fork escapes it. Without it: freeze, so that nobody can fork,
 * signal each process, and thaw, because a process frozen by v1 dies only then; again until nobody is left, because who is in a
 * v1 hierarchy need not be in the v2 one.
 */
export async function killAll(places: readonly Place[], path: string, options: WaitOptions = {}): Promise<void> {
  const { timeout = 5_000, signal } = options;
  signal?.throwIfAborted();
  let left = processesIn(places, { recursive: true });
  if (left.length === 0) return;
  if (left.includes(process.pid)) throw suicide(path);
  const reached = killAtOnce(places, path) ? places.filter(({ hierarchy }) => hierarchy.version === 2) : [];
  if (reached.length === 0) await killFrozen(places, path);
  thawV1(places);
  const done = await until(
    () => {
      left = processesIn(places, { recursive: true });
      const dying = new Set(processesIn(reached, { recursive: true }));
      killEach(
        left.filter((pid) => !dying.has(pid)),
        places,
      );
      return left.length === 0;
    },
    { timeout, signal },
  );
  if (!done) throw survivors(left, path, timeout);
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

async function killFrozen(places: readonly Place[], path: string): Promise<void> {
  if (unifiedPlace(places) === undefined && placeOf(places, 'freezer') === undefined) return;
  try {
    await setFrozen(true, places, path).catch(ignoreStuck);
    killEach(processesIn(places, { recursive: true }), places);
  } finally {
    await setFrozen(false, places, path);
  }
}

// One process that cannot be stopped is no reason not to kill the others.
function ignoreStuck(error: unknown): void {
  if (!(error instanceof CgroupError && error.code === 'CGROUP_BUSY')) throw error;
}

// Frozen by v1, here or in a cgroup inside, a process dies only when it is thawed.
function thawV1(places: readonly Place[]): void {
  const freezer = placeOf(places, 'freezer')?.directory;
  if (freezer === undefined) return;
  for (const directory of [freezer, ...descendants(freezer)]) writeControl(directory, 'freezer.state', 'THAWED');
}

/**
 * Signals through pidfds: between reading a number and using it, the number may have gone to somebody else. A pidfd
 * keeps meaning the process that it was opened for; that this one was ours is asked again afterwards. pidfd_open(2)
 */
function killEach(pids: readonly number[], places: readonly Place[]): void {
  const processes = openProcesses(pids.filter((pid) => pid > 1 && pid !== process.pid));
  try {
    const ours = new Set(processesIn(places, { recursive: true }));
    const targets = processes.filter(({ pid }) => ours.has(pid));
    if (targets.length === 0) return;
    perform(targets.map(({ fd }) => attempt([syscall('pidfd_send_signal', fd, SIGKILL, undefined, 0)], ['ESRCH'])));
  } finally {
    for (const { fd } of processes) fd.close();
  }
}

function openProcesses(pids: readonly number[]): { pid: number; fd: Fd }[] {
  if (pids.length === 0) return [];
  const calls = pids.map((pid) => ({ pid, call: syscall('pidfd_open', pid, 0) }));
  const results = perform(
    calls.map(({ call }) => attempt([call], ['ESRCH'])),
    { keep: calls.map(({ call }) => call) },
  );
  return calls.flatMap(({ pid, call }) => (results.of(call) < 0 ? [] : [{ pid, fd: results.fd(call) }]));
}

const SIGKILL = 9;

function suicide(path: string): CgroupError {
  const message = `cannot kill the processes of ${path}: this process is one of them; move it elsewhere first`;
  return new CgroupError('CGROUP_BUSY', message, { path, pids: [process.pid] });
}

function survivors(pids: readonly number[], path: string, timeout: number): CgroupError {
  const message = `cannot kill the processes of ${path}: ${pids.join(', ')} still there after ${timeout} ms; they may wait for a device`;
  return new CgroupError('CGROUP_BUSY', message, { path, pids });
}
