/**
 * Waits for the processes that we started. libuv waits for its own children only, by process id, and so do we: neither
 * takes the other's. SIGCHLD tells when to look; a slow timer looks too, for the case that a signal is lost.
 */
import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import { perform } from './perform.ts';
import { attempt, out, syscall } from './program.ts';

export interface ExitStatus {
  /** What it passed to exit(3); null when a signal ended it, or when somebody else waited for it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Whether the kernel killed it, or a process of its, for memory; only known when a cgroup was watched. */
  readonly outOfMemory?: boolean;
}

const [P_ALL, P_PID] = [0, 1];
const [WNOHANG, WEXITED, WNOWAIT] = [1, 4, 0x1000000];
/** Up to so many are simply all looked at. */
const FEW = 4;

const waiting = new Map<number, (status: ExitStatus) => void>();
let timer: NodeJS.Timeout | undefined;
let listening = false;

/** Resolves when this process has ended, and has been waited for; it must be a child of ours. */
export function reap(pid: number): Promise<ExitStatus> {
  return new Promise((resolve) => {
    waiting.set(pid, resolve);
    if (!listening) {
      listening = true;
      // Signals are delivered to the main thread only; a worker looks often instead.
      if (isMainThread) process.on('SIGCHLD', collect);
    }
    timer ??= setInterval(collect, isMainThread ? 500 : 5);
    // It may have ended before anybody listened.
    look([pid]);
  });
}

function collect(): void {
  while (waiting.size > FEW) {
    // The kernel finds one that has ended quicker than we can ask for each of them.
    const ended = anyEnded();
    if (ended === undefined) return;
    if (!waiting.has(ended)) break; // Node's own child stands in front of ours
    look([ended]);
  }
  if (waiting.size > 0) look([...waiting.keys()]);
}

/** waitid(2) with WNOWAIT: whoever waits for that child still can. */
function anyEnded(): number | undefined {
  const info = out(128);
  const wait = syscall('waitid', P_ALL, 0, info, WNOHANG | WEXITED | WNOWAIT, 0);
  return pidOf(perform([attempt([wait], ['ECHILD'])]).bytes(info)) || undefined;
}

function look(pids: readonly number[]): void {
  const looks = pids.map((pid) => {
    const info = out(128);
    return { pid, info, wait: syscall('waitid', P_PID, pid, info, WNOHANG | WEXITED, 0) };
  });
  const results = perform(looks.map(({ wait }) => attempt([wait], ['ECHILD'])));
  for (const { pid, info, wait } of looks) {
    const status = results.of(wait) < 0 ? { exitCode: null, signal: null } : statusOf(results.bytes(info));
    if (status === undefined) continue;
    waiting.get(pid)?.(status);
    waiting.delete(pid);
  }
  if (waiting.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}

/** siginfo_t of waitid(2): si_code at 8, si_pid at 16, si_status at 24. */
function statusOf(info: Buffer): ExitStatus | undefined {
  if (pidOf(info) === 0) return undefined;
  const CLD_EXITED = 1;
  const status = info.readInt32LE(24);
  if (info.readInt32LE(8) === CLD_EXITED) return { exitCode: status, signal: null };
  return { exitCode: null, signal: signalName(status) };
}

function pidOf(info: Buffer): number {
  return info.readInt32LE(16);
}

const names = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name as NodeJS.Signals]));

function signalName(number: number): NodeJS.Signals {
  // Real-time signals have no names in Node.
  return names.get(number) ?? (`SIG${number}` as NodeJS.Signals);
}
