/** Runs a program in a fresh single-threaded process, which usually ends by becoming a command. */
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { isMainThread } from 'node:worker_threads';
import { Child } from './child.ts';
import { compile } from './compile.ts';
import type { Compiled } from './compiled.ts';
import type { Fd } from './fd.ts';
import type { CloneFlag } from './flags.ts';
import { requireLinux } from './platform.ts';
import { continueInChild, type Program } from './program.ts';
import { spawnLauncher } from './spawn.ts';
import { Start } from './start.ts';
import { openChannels, type Stdio } from './stdio.ts';

export interface LaunchOptions {
  /** New namespaces for the whole program: the same as beginning it with `continueInChild`. */
  readonly clone?: readonly CloneFlag[];
  readonly stdio?: Stdio;
  /** Kills the process, whenever it aborts. */
  readonly signal?: AbortSignal;
  /** What to do where the program pauses; what a handler returns is put into the `answer` of the pause. */
  readonly at?: Readonly<Record<string, PauseHandler>>;
}

export type PauseHandler = (process: { readonly pid: number; readonly pidfd: Fd }) => Answer | Promise<Answer>;
// biome-ignore lint/suspicious/noConfusingVoidType: most handlers return nothing
export type Answer = Uint8Array | void;

/** What surely fits into the buffer of a socket. */
const EARLY = 64 << 10;

/**
 * Start a process that runs the program. Resolves when it has executed its command (or ended), and every `fork` of the
 * program too; rejects with a SyscallError that names the step when a call fails before that, and with the reason of the
 * signal when that aborts: then nothing is left of it.
 *
 * The process dies with this one (started from a worker thread it does not; in a new pid namespace it may be missed, if
 * this one is killed while it starts), gets no descriptors but its stdio, and all signals at their defaults. Linux 5.12; what else it needs depends on the program. posix_spawn(3), execve(2)
 */
export async function launch(program: Program, options: LaunchOptions = {}): Promise<Child> {
  requireLinux('launch a process');
  options.signal?.throwIfAborted();
  using channels = openChannels(options.stdio);
  const compiled = compile(options.clone === undefined ? program : [continueInChild(...options.clone), program], {
    reportFd: channels.theirs,
    // PR_SET_PDEATHSIG means the parent's thread: a worker's end would kill its children.
    dieWithParent: isMainThread,
  });
  requireHandlers(compiled, options);
  const ours = channels.socket();
  let socket: Socket | undefined;
  let start: Start;
  try {
    // A small program is there before the launcher looks.
    const early = compiled.program.length <= EARLY;
    if (early) writeSync(ours.number, compiled.program);
    const pid = spawnLauncher({ socket: channels.theirs, stdio: channels.stdio, inherit: compiled.descriptors });
    channels.started();
    socket = new Socket({ fd: ours.number });
    ours.release();
    start = new Start(pid, compiled, socket, options);
    if (!early) socket.write(compiled.program);
  } catch (error) {
    socket?.destroy();
    ours.close();
    throw error;
  }
  const process = await start.done;
  return new Child(process, channels.streams(), process.exited);
}

function requireHandlers(compiled: Compiled, options: LaunchOptions): void {
  for (const { name } of compiled.pauses) {
    if (!Object.hasOwn(options.at ?? {}, name))
      throw new TypeError(
        `the program pauses at ${JSON.stringify(name)}, but launch was given no handler for it in \`at\``,
      );
  }
}
