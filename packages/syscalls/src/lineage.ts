/** What only a launched program has: a parent to report to and to die with, children to go on in, pauses. */
import type { CompiledPause, CompileOptions, Origin } from './compiled.ts';
import type { Emitter } from './emitter.ts';
import { ANY, codes, type Operand } from './encoding.ts';
import { errnoOf } from './errno.ts';
import { type CloneFlag, cloneFlags } from './flags.ts';
import type { Operands } from './operands.ts';
import type { Call, Pause } from './program.ts';
import { RECORD, RECORD_SIZE, writeRecord } from './protocol.ts';

const [PR_SET_PDEATHSIG, PR_SET_DUMPABLE] = [1, 4];
const [SIGKILL, SIGCHLD] = [9, 17];
const [CLONE_PARENT, CLONE_INTO_CGROUP] = [0x8000, 0x2_0000_0000];
const [MSG_PEEK_DONTWAIT, MSG_WAITALL, MSG_NOSIGNAL] = [0x42, 0x100, 0x4000];

export class Lineage {
  hops = 0;
  forks = false;
  pauses: CompiledPause[] | undefined;
  readonly #emitter: Emitter;
  readonly #operands: Operands;
  readonly #reportFd: number;
  readonly #dieWithParent: boolean;
  /** The operation that hides the process from others. */
  #hiding: number | undefined;
  #newUserNamespace = false;
  /** Numbers of processes made there mean nothing to the parent. */
  #inPidNamespace = false;
  /** One was joined or created, which the next child will be in. */
  #pidNamespaceAhead = false;
  #insideFork = false;
  /** Where the next child begins. */
  #cgroup: Operand | undefined;

  constructor(emitter: Emitter, operands: Operands, options: CompileOptions) {
    this.#emitter = emitter;
    this.#operands = operands;
    this.#reportFd = options.reportFd ?? -1;
    this.#dieWithParent = options.dieWithParent ?? false;
  }

  /** What every launched process does first. */
  begin(): void {
    if (this.#reportFd < 0) return;
    const { encoder } = this.#emitter;
    // Nothing that this process has open reaches the command: neither the socket nor what Node forgot to mark.
    const CLOSE_RANGE_CLOEXEC = 4;
    const range = [3, 0xffffffff, CLOSE_RANGE_CLOEXEC];
    this.#emitter.sys('close_range', range, this.#emitter.origin({ name: 'close_range', args: range }));
    // posix_spawn(3) leaves out the two signals that the C library keeps for itself, and Node ignores them.
    const byDefault = { data: encoder.reserve(32) };
    for (const signal of [32, 33]) this.#emitter.sys('rt_sigaction', [signal, byDefault, 0, 8]);
    this.#hiding = this.#emitter.sys('prctl', [PR_SET_DUMPABLE, 0, 0, 0, 0]);
    this.#dieIfOrphaned();
  }

  /** To be told of each call, before its operation. */
  prepareFor(call: Call): void {
    const { name, args } = call;
    // A change of user has cleared it. PR_SET_PDEATHSIG(2const)
    if (name === 'execve' || name === 'execveat') this.#armDeathSignal();
    if (name === 'unshare') this.#noteNamespaces(Number(args[0]));
    // setns(2): 0 stands for any kind
    if (name === 'setns') this.#pidNamespaceAhead ||= !args[1] || (Number(args[1]) & cloneFlags.pid) !== 0;
  }

  finish(): void {
    // The parent of a non-dumpable process cannot write its id maps, so a new user namespace has to wait until they are.
    if (this.#hiding !== undefined && this.#newUserNamespace)
      this.#emitter.encoder.replace(this.#hiding, { code: codes.alu });
  }

  /** The socket stays, to tell of failures; execve closes it. */
  closeDescriptors(): void {
    const LAST = 0xffffffff;
    const fd = this.#reportFd;
    if (fd < 0) throw new TypeError('cannot close all descriptors: only a launched process can');
    for (const range of [
      [3, fd - 1, 0],
      [fd + 1, LAST, 0],
    ] as const)
      if (range[0] <= range[1])
        this.#emitter.sys('close_range', range, this.#emitter.origin({ name: 'close_range', args: range }));
  }

  /** Tells the parent and waits for its answer, which has a fixed size: whole or not at all. */
  pause(pause: Pause): void {
    const origin = this.#emitter.origin({ name: 'pause', args: [], label: `pause ${pause.pause}` });
    this.pauses ??= [];
    this.#send(RECORD.pause, this.pauses.length, origin);
    this.pauses.push({ name: pause.pause, ...(pause.answer && { answer: pause.answer }), hops: this.hops });
    const size = pause.answer?.out ?? 1;
    const room = pause.answer === undefined ? this.#emitter.encoder.reserve(1) : this.#operands.place(pause.answer);
    const received = this.#emitter.sys('recvfrom', [this.#reportFd, { data: room }, size, MSG_WAITALL, 0, 0], origin);
    const go = this.#emitter.jump('eq', { slot: received }, size);
    this.#emitter.emit({ code: codes.fail, args: [errnoOf('ECONNRESET'), { data: 0 }, 0, received] });
    this.#emitter.encoder.land(go);
  }

  /** A second process, which ends with its part. Returns the operation whose result is its number. */
  fork(clone: readonly CloneFlag[], label: string, compile: () => void): number {
    const child = this.#clone(clone, 0, this.#emitter.origin({ name: 'clone3', args: [], label }));
    const skip = this.#emitter.jump('ne', { slot: child }, 0);
    const outer = this.#insideFork;
    this.#insideFork = true;
    this.#armDeathSignal();
    compile();
    this.#insideFork = outer;
    this.#emitter.sys('exit_group', [0]);
    this.#emitter.encoder.land(skip);
    return child;
  }

  /** The next child begins in this cgroup; one is made for it unless the program goes on in one anyway. */
  beginInCgroup(directory: Operand): void {
    this.settle();
    this.forks = true;
    this.#cgroup = directory;
  }

  /** What comes next is to happen in the cgroup. */
  settle(): void {
    if (this.#cgroup === undefined) return;
    if (this.#inPidNamespace || this.#insideFork)
      throw new TypeError(
        'cannot begin a process in a cgroup from inside a new pid namespace or a fork: join it before',
      );
    this.continueInChild([]);
  }

  /**
   * The child is made with CLONE_PARENT: it is a child of the process that called `launch`, which can wait for it, and
   * this one ends. So nothing stands between them, and no monitor is needed.
   */
  continueInChild(kinds: readonly CloneFlag[]): void {
    if (this.#inPidNamespace)
      throw new TypeError(
        'cannot go on in another child from inside a new pid namespace: create all namespaces at once',
      );
    if (this.#insideFork)
      throw new TypeError('cannot go on in another child inside a fork: only the first process can');
    const place = this.#cgroup === undefined ? 'new process' : 'new process in the cgroup';
    const label = kinds.length === 0 ? place : `${place}, in new namespaces: ${kinds.join(', ')}`;
    const origin = this.#emitter.origin({ name: 'clone3', args: [], label });
    const child = this.#clone(kinds, CLONE_PARENT, origin);
    const go = this.#emitter.jump('eq', { slot: child }, 0);
    this.hops += 1;
    this.#send(RECORD.child, { slot: child }, origin);
    this.#emitter.sys('exit_group', [0]);
    this.#emitter.encoder.land(go);
    this.#inPidNamespace = this.#pidNamespaceAhead || kinds.includes('pid');
    this.#dieIfOrphaned();
  }

  #clone(kinds: readonly CloneFlag[], extra: number, origin: Origin): number {
    const { encoder } = this.#emitter;
    this.forks = true;
    if (kinds.includes('user')) this.#newUserNamespace = true;
    let flags = extra;
    for (const kind of kinds) flags += cloneFlags[kind];
    const cgroup = extra === CLONE_PARENT ? this.#cgroup : undefined;
    if (cgroup !== undefined) flags += CLONE_INTO_CGROUP;
    // struct clone_args up to `cgroup`; a child made with CLONE_PARENT inherits the signal of its parent's end. clone(2)
    const at = encoder.reserve(88);
    encoder.word(at, flags);
    encoder.word(at + 32, extra === 0 ? SIGCHLD : 0);
    if (cgroup !== undefined) {
      this.#emitter.emit({ code: codes.store, variant: 8, args: [{ data: at + 80 }, cgroup] });
      this.#cgroup = undefined;
    }
    return this.#emitter.sys('clone3', [{ data: at }, 88], origin);
  }

  #noteNamespaces(flags: number): void {
    if ((flags & cloneFlags.user) !== 0) this.#newUserNamespace = true;
    if ((flags & cloneFlags.pid) !== 0) this.#pidNamespaceAhead = true;
  }

  #armDeathSignal(): void {
    if (this.#dieWithParent) this.#emitter.sys('prctl', [PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0]);
  }

  #dieIfOrphaned(): void {
    if (!this.#dieWithParent) return;
    this.#armDeathSignal();
    // It may have died already, between the clone and the line above. Then this process has another parent; a parent in
    // another pid namespace has number 0, dead or not, but the socket is at its end. Only there: a process of many threads
    // loses its children with the thread that started them, its descriptors with the last one. So a child in a new pid
    // namespace may be missed, if its parent is killed in these microseconds and has much memory to give back first.
    const parent = this.#emitter.sys('getppid', []);
    const alive = this.#emitter.jump('eq', { slot: parent }, process.pid);
    const adopted = this.#emitter.jump('ne', { slot: parent }, 0);
    const byte = { data: this.#emitter.encoder.reserve(8) };
    const peek = this.#emitter.sys('recvfrom', [this.#reportFd, byte, 1, MSG_PEEK_DONTWAIT, 0, 0]);
    this.#emitter.encoder.ignore(peek, [ANY]);
    const connected = this.#emitter.jump('ne', { slot: peek }, 0);
    this.#emitter.encoder.land(adopted);
    this.#emitter.sys('exit_group', [125]);
    this.#emitter.encoder.land(alive);
    this.#emitter.encoder.land(connected);
  }

  #send(type: number, value: Operand, origin: Origin): void {
    const at = this.#emitter.encoder.bytes(writeRecord(type, 0, this.hops));
    this.#emitter.emit({ code: codes.store, variant: 4, args: [{ data: at + 8 }, value] });
    this.#emitter.sys('sendto', [this.#reportFd, { data: at }, RECORD_SIZE, MSG_NOSIGNAL, 0, 0], origin);
  }
}
