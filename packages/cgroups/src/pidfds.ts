import { attempt, type Call, type Fd, perform, syscall } from '@estiba/syscalls';
import { callOf } from './call-rules.ts';
import { CgroupError } from './cgroup-error.ts';
import type { Place } from './place.ts';
import { processesIn } from './processes.ts';
import { refusal } from './refusal.ts';

/**
 * Signals through pidfds: between reading a number and using it, the number may have gone to somebody else. A pidfd
 * keeps meaning the process that it was opened for; that this one was ours is asked again afterwards. pidfd_open(2)
 */
export function killEach(pids: readonly number[], places: readonly Place[], path: string): void {
  const others = pids.filter((pid) => pid > 1 && pid !== process.pid);
  const refused: number[] = [];
  try {
    for (let from = 0; from < others.length; from += AT_ONCE)
      refused.push(...killSome(others.slice(from, from + AT_ONCE), places));
  } catch (cause) {
    const file = `${places[0]?.directory}/cgroup.procs`;
    throw refusal(cause, { attempt: `kill the processes of ${path}: ${callOf(cause)}`, path, file });
  }
  if (refused.length > 0) throw denied(refused, path);
}

/** This process may have few descriptors. */
const AT_ONCE = 128;

/** Returns those that may not be signalled from here; the others are, all the same. */
function killSome(pids: readonly number[], places: readonly Place[]): number[] {
  const processes = openProcesses(pids);
  try {
    const ours = new Set(processesIn(places, { recursive: true }));
    const targets = processes.filter(({ pid }) => ours.has(pid));
    if (targets.length === 0) return [];
    const calls = targets.map(({ fd }) => syscall('pidfd_send_signal', fd, SIGKILL, undefined, 0));
    const results = perform(calls.map((call) => attempt([call], ['ESRCH', 'EPERM'])));
    return targets.filter((_, index) => results.of(calls[index] as Call) === -EPERM).map(({ pid }) => pid);
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
const EPERM = 1;

function denied(pids: readonly number[], path: string): CgroupError {
  const rule =
    'they belong to another user; only root (CAP_KILL) may, or who may write cgroup.kill (v2 with Linux 5.14)';
  const message = `cannot kill the processes of ${path}: signal ${pids.join(', ')}: EPERM; ${rule}`;
  return new CgroupError('CGROUP_DENIED', message, { path, pids });
}
