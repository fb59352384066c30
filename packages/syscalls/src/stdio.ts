/** What a launched process reads from and writes to, and the socket over which it is told what to do. */
import { Socket } from 'node:net';
import { Fd } from './fd.ts';
import { perform, type Results } from './perform.ts';
import { attempt, type Call, type Out, out, syscall } from './program.ts';

/** `'pipe'` by default, as for Node's own child processes; `'ignore'` is /dev/null; an `Fd` is passed on and stays yours. */
export type Stdio = StdioEntry | readonly [StdioEntry, StdioEntry, StdioEntry];
export type StdioEntry = 'inherit' | 'pipe' | 'ignore' | Fd;

export interface Streams {
  readonly stdin: Socket | null;
  readonly stdout: Socket | null;
  readonly stderr: Socket | null;
}

/** Closes on disposal what nobody has taken. */
export interface Channels extends Disposable {
  /** Our end of the socket; taken. */
  socket(): Fd;
  /** The end of the process. */
  readonly theirs: number;
  /** What becomes 0, 1 and 2 of the process. */
  readonly stdio: readonly [number, number, number];
  /** The process has its own copies by now. */
  started(): void;
  /** Our ends of the pipes; taken. */
  streams(): Streams;
}

const [O_RDWR, O_CLOEXEC] = [2, 0o2000000];
const [F_DUPFD_CLOEXEC, AT_FDCWD, AF_UNIX, SOCK_STREAM] = [1030, -100, 1, 1];

/** All in one batch. Pipes, not sockets as libuv makes: a program may open /dev/stdout again, which a socket refuses. */
export function openChannels(stdio: Stdio = 'pipe'): Channels {
  const entries = typeof stdio === 'string' || stdio instanceof Fd ? ([stdio, stdio, stdio] as const) : stdio;
  const pair = out(8);
  const program: Call[] = [syscall('socketpair', AF_UNIX, SOCK_STREAM | O_CLOEXEC, 0, pair)];
  const keep: Call[] = [];
  const take = (call: Call) => {
    program.push(call);
    keep.push(call);
    return call;
  };
  let nothing: Call | undefined;
  const plan = entries.map((entry, index): number | Call | Out => {
    if (entry === 'inherit') return index;
    if (entry instanceof Fd && entry.closed)
      throw new TypeError(`stdio ${index} is given descriptor ${entry.number}, which is closed`);
    // The number would be another descriptor's by the time it is its turn: 0 becomes 1 after 1 became 0.
    if (entry instanceof Fd)
      return entry.number > 2 || entry.number === index
        ? entry.number
        : take(syscall('fcntl', entry, F_DUPFD_CLOEXEC, 3));
    if (entry === 'ignore') {
      nothing ??= take(syscall('openat', AT_FDCWD, '/dev/null', O_RDWR | O_CLOEXEC, 0));
      return nothing;
    }
    if (entry !== 'pipe')
      throw new TypeError(`stdio takes 'inherit', 'pipe', 'ignore' or an Fd, not ${JSON.stringify(entry)}`);
    const ends = out(8);
    program.push(syscall('pipe2', ends, O_CLOEXEC));
    return ends;
  });
  return new OpenChannels(perform(program, { keep }), pair, plan, keep);
}

class OpenChannels implements Channels {
  readonly stdio: readonly [number, number, number];
  readonly #socket: { ours: Fd | undefined; readonly theirs: Fd };
  readonly #passedOn: Fd[];
  #ours: (Fd | null)[] = [];

  constructor(results: Results, pair: Out, plan: readonly (number | Call | Out)[], keep: readonly Call[]) {
    const [ours, theirs] = both(results, pair);
    this.#socket = { ours, theirs };
    const opened = new Map(keep.map((call) => [call, high(results.fd(call))]));
    this.#passedOn = [theirs, ...opened.values()];
    this.stdio = plan.map((entry, index) => {
      const piped = typeof entry === 'object' && 'out' in entry ? both(results, entry) : undefined;
      this.#ours.push(piped?.[index === 0 ? 1 : 0] ?? null);
      if (typeof entry === 'number') return entry;
      const passed = piped === undefined ? (opened.get(entry as Call) as Fd) : (piped[index === 0 ? 0 : 1] as Fd);
      if (piped !== undefined) this.#passedOn.push(passed);
      return passed.number;
    }) as unknown as readonly [number, number, number];
  }

  get theirs(): number {
    return this.#socket.theirs.number;
  }

  socket(): Fd {
    const { ours } = this.#socket;
    if (ours === undefined) throw new TypeError('the socket has been taken');
    this.#socket.ours = undefined;
    return ours;
  }

  started(): void {
    closeAll(this.#passedOn.splice(0));
  }

  streams(): Streams {
    const [stdin = null, stdout = null, stderr = null] = this.#ours
      .splice(0)
      .map((fd, index) => fd && new Socket({ fd: fd.number, readable: index !== 0, writable: index === 0 }));
    return { stdin, stdout, stderr };
  }

  [Symbol.dispose](): void {
    closeAll([this.#socket.ours, ...this.#passedOn, ...this.#ours].filter((fd) => fd != null));
  }
}

function both(results: Results, memory: Out): [Fd, Fd] {
  const bytes = results.bytes(memory);
  return [high(new Fd(bytes.readInt32LE(0))), high(new Fd(bytes.readInt32LE(4)))];
}

/** Where this process has closed its own stdio, a new descriptor may have got one of its numbers: not to be confused. */
function high(fd: Fd): Fd {
  if (fd.number > 2) return fd;
  const copy = syscall('fcntl', fd, F_DUPFD_CLOEXEC, 3);
  const moved = perform([copy], { keep: [copy] }).fd(copy);
  fd.close();
  return moved;
}

function closeAll(fds: readonly Fd[]): void {
  // In one batch, and each whatever happened to the others.
  const open = fds.filter((fd) => fd.release());
  if (open.length > 0) perform(open.map(({ number }) => attempt([syscall('close', number)], ['*'])));
}
