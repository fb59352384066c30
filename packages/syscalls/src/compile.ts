/** From steps to operations: flattens a program, gives every result its slot and every byte its place. */
import { ANY, allocate, codes, conditions, Encoder, HEADER, OPERATION, type Operand } from './encoding.ts';
import { errnoOf } from './errno.ts';
import { Fd } from './fd.ts';
import { type CloneFlag, cloneFlags } from './flags.ts';
import { type Arch, platformArch, syscallNumbers } from './platform.ts';
import {
  type Arg,
  type At,
  type Call,
  type ContinueInChild,
  type Fail,
  type Fork,
  isProgram,
  type Labelled,
  type Load,
  type Out,
  type Patch,
  type Pause,
  type Program,
  type Step,
  type Try,
} from './program.ts';
import { RECORD, RECORD_SIZE, writeRecord } from './protocol.ts';

/** What an operation came from, to explain its failure. */
export interface Origin {
  readonly call: Call;
  readonly step?: string;
}

export interface Compiled {
  readonly program: Buffer<ArrayBuffer>;
  /** By operation number; operations of the compiler's own have none. */
  readonly origins: readonly (Origin | undefined)[];
  readonly slots: ReadonlyMap<Call, number>;
  readonly places: ReadonlyMap<Out, number>;
  /** Where data begins in `program`. */
  readonly dataAt: number;
  readonly dataSize: number;
  /** Descriptors of this process that the program uses: a launched one has to inherit them. */
  readonly descriptors: ReadonlySet<number>;
  readonly pauses: readonly { readonly name: string; readonly answer?: Out; readonly hops: number }[];
  /** How often the program goes on in a child. */
  readonly hops: number;
  readonly forks: boolean;
  /** What `fail` steps say, by operation number. */
  readonly messages: ReadonlyMap<number, string>;
}

export interface CompileOptions {
  readonly arch?: Arch;
  /** The socket to the parent, in a launched program. */
  readonly reportFd?: number;
  /** Arm PR_SET_PDEATHSIG at the start, in each child, and again before execve, as a change of user clears it. */
  readonly dieWithParent?: boolean;
  /** Called for each call, before it is compiled; throws to refuse it. */
  readonly check?: (call: Call) => void;
  /** Where the program is put. */
  readonly allocate?: (size: number, operations: number) => Buffer<ArrayBuffer>;
}

export function compile(program: Program, options: CompileOptions = {}): Compiled {
  const compiler = new Compiler(options);
  compiler.prologue();
  compiler.program(program);
  return compiler.finish();
}

const none: ReadonlyMap<never, never> = new Map<never, never>();
const nothing: ReadonlySet<never> = new Set();

interface Handler {
  readonly errno: readonly number[];
  /** Operations that jump to the end of the part, once that is known. */
  readonly jumps: number[];
}

class Compiler {
  readonly #encoder = new Encoder();
  readonly #arch: Arch;
  readonly #numbers: Readonly<Record<string, number>>;
  readonly #reportFd: number;
  readonly #dieWithParent: boolean;
  readonly #options: CompileOptions;
  readonly #origins: (Origin | undefined)[] = [];
  readonly #slots = new Map<Call, number>();
  // Most programs are small: what they do not need is not made.
  #places: Map<Out, number> | undefined;
  #descriptors: Set<number> | undefined;
  #messages: Map<number, string> | undefined;
  #pauses: { name: string; answer?: Out; hops: number }[] | undefined;
  readonly #handlers: Handler[] = [];
  /** What failed calls with a log or many ignored errors do; placed after the end of the program. */
  #deferred: (() => void)[] | undefined;
  #label: string | undefined;
  #hops = 0;
  #forks = false;
  #newUserNamespace = false;
  /** Numbers of processes made there mean nothing to the parent. */
  #inPidNamespace = false;
  /** One was joined or created, which the next child will be in. */
  #pidNamespaceAhead = false;
  #forkDepth = 0;

  constructor(options: CompileOptions) {
    this.#arch = options.arch ?? platformArch();
    this.#numbers = syscallNumbers(this.#arch);
    this.#reportFd = options.reportFd ?? -1;
    this.#dieWithParent = options.dieWithParent ?? false;
    this.#options = options;
  }

  program(program: Program): void {
    for (const part of program) {
      if (typeof part !== 'object' || part === null) throw new TypeError(`not a step: ${JSON.stringify(part)}`);
      if (isProgram(part)) this.program(part);
      else this.#step(part);
    }
  }

  /** What every launched process does first. */
  prologue(): void {
    if (this.#reportFd < 0) return;
    // Nothing that this process has open reaches the command: neither the socket nor what Node forgot to mark.
    const CLOSE_RANGE_CLOEXEC = 4;
    this.#sys(
      'close_range',
      [3, 0xffffffff, CLOSE_RANGE_CLOEXEC],
      this.#origin({ name: 'close_range', args: [3, 0xffffffff, CLOSE_RANGE_CLOEXEC] }),
    );
    // posix_spawn(3) leaves out the two signals that the C library keeps for itself, and Node ignores them.
    const byDefault = { data: this.#encoder.reserve(32) };
    for (const signal of [32, 33]) this.#sys('rt_sigaction', [signal, byDefault, 0, 8]);
    const PR_SET_DUMPABLE = 4;
    this.#sys('prctl', [PR_SET_DUMPABLE, 0, 0, 0, 0]);
    this.#dieIfOrphaned();
  }

  finish(): Compiled {
    // The parent of a non-dumpable process cannot write its id maps, so a new user namespace has to wait until they are.
    const DUMPABLE_OPERATION = 3;
    if (this.#reportFd >= 0 && this.#newUserNamespace) this.#encoder.replace(DUMPABLE_OPERATION, { code: codes.alu });
    // The end of the program is the end of its operations, unless something stands there.
    if (this.#deferred !== undefined) {
      const end = this.#emit({ code: codes.jmp, variant: conditions.always, target: 0 });
      for (const handle of this.#deferred) handle();
      this.#encoder.land(end);
    }
    if (this.#encoder.next === 0) this.#emit({ code: codes.alu });
    const program = this.#encoder.encode({
      arch: this.#arch,
      reportFd: this.#reportFd,
      allocate: this.#options.allocate ?? allocate,
    });
    return {
      program,
      origins: this.#origins,
      slots: this.#slots,
      places: this.#places ?? none,
      dataAt: HEADER + this.#encoder.next * OPERATION,
      dataSize: this.#encoder.dataSize,
      descriptors: this.#descriptors ?? nothing,
      pauses: this.#pauses ?? [],
      hops: this.#hops,
      forks: this.#forks,
      messages: this.#messages ?? none,
    };
  }

  #step(step: Step): void {
    if ('load' in step) this.#load(step);
    else if ('fork' in step) this.#fork(step);
    else if ('name' in step) this.#call(step);
    else if ('patch' in step) this.#patch(step);
    else if ('pause' in step) this.#pause(step);
    else if ('continueInChild' in step) this.#continueInChild(step);
    else if ('try' in step) this.#try(step);
    else if ('part' in step) this.#labelled(step);
    else if ('fail' in step) this.#fail(step);
    else throw new TypeError(`not a step: ${JSON.stringify(step)}`);
  }

  #call(call: Call): void {
    this.#options.check?.(call);
    if (call.name.startsWith('execve')) this.#armDeathSignal();
    if (call.name === 'unshare') this.#noteNamespaces(Number(call.args[0]));
    // setns(2): 0 stands for any kind
    if (call.name === 'setns')
      this.#pidNamespaceAhead ||= !call.args[1] || (Number(call.args[1]) & cloneFlags.pid) !== 0;
    const args = call.args.map((arg) => this.#operand(arg, call));
    const index = this.#sys(call.name, args, this.#origin(call));
    this.#slots.set(call, index);
    if (this.#handlers.length === 0 && call.log === undefined) return;
    const handlers = [...this.#handlers].reverse();
    const errors = handlers.flatMap(({ errno }) => errno);
    if (call.log === undefined && handlers.length <= 1 && errors.length <= 3) {
      if (handlers[0] === undefined) return;
      this.#encoder.ignore(index, errors);
      handlers[0].jumps.push(index);
      return;
    }
    this.#encoder.ignore(index, [ANY]);
    this.#deferred ??= [];
    this.#deferred.push(() => this.#handleFailure(call, index, handlers));
  }

  #noteNamespaces(flags: number): void {
    if ((flags & cloneFlags.user) !== 0) this.#newUserNamespace = true;
    if ((flags & cloneFlags.pid) !== 0) this.#pidNamespaceAhead = true;
  }

  /** Where a failed call goes when it is not enough to ignore up to three errors. */
  #handleFailure(call: Call, index: number, handlers: readonly Handler[]): void {
    this.#encoder.land(index);
    for (const handler of handlers) {
      for (const errno of handler.errno) {
        const any = errno === ANY;
        const jump = this.#emit({
          code: codes.jmp,
          variant: any ? conditions.always : conditions.eq,
          args: [{ slot: index }, any ? 0 : -errno],
          target: 0,
        });
        // The end of the part is behind us: its place is known, and was left in the operation that came first.
        this.#encoder.land(jump, this.#endOf(handler));
      }
    }
    const room = 512;
    const text = this.#encoder.reserve(room);
    if (call.log !== undefined) {
      // One message a read; overlayfs gives up to two. fsopen(2)
      for (const offset of [0, room / 2]) {
        const read = this.#sys('read', [this.#slotOf(call.log, call), { data: text + offset }, room / 2 - 1]);
        this.#encoder.ignore(read, [ANY]);
      }
    }
    this.#emit({ code: codes.fail, args: [{ slot: index }, { data: text }, room, index] });
  }

  #load(load: Load): void {
    this.#slots.set(
      load,
      this.#emit({ code: codes.load, variant: load.size, args: [{ data: this.#at(load.load, load.size) }] }),
    );
  }

  #patch(patch: Patch): void {
    const value = this.#operand(patch.value, { name: 'patch', args: [] });
    this.#emit({ code: codes.store, variant: patch.size, args: [{ data: this.#at(patch.patch, patch.size) }, value] });
  }

  /** Tells the parent and waits for its answer, which has a fixed size: whole or not at all. */
  #pause(pause: Pause): void {
    const origin = this.#origin({ name: 'pause', args: [], label: `pause ${pause.pause}` });
    this.#pauses ??= [];
    const number = this.#pauses.length;
    this.#pauses.push({ name: pause.pause, ...(pause.answer && { answer: pause.answer }), hops: this.#hops });
    this.#send(RECORD.pause, number, origin);
    const size = pause.answer?.out ?? 1;
    const room = pause.answer === undefined ? this.#encoder.reserve(1) : this.#place(pause.answer);
    const MSG_WAITALL = 0x100;
    const received = this.#sys('recvfrom', [this.#reportFd, { data: room }, size, MSG_WAITALL, 0, 0], origin);
    const go = this.#emit({ code: codes.jmp, variant: conditions.eq, args: [{ slot: received }, size], target: 0 });
    this.#emit({ code: codes.fail, args: [errnoOf('ECONNRESET'), { data: 0 }, 0, received] });
    this.#encoder.land(go);
  }

  #fork(fork: Fork): void {
    const child = this.#clone(fork.clone, 0, this.#origin({ name: 'clone3', args: [], label: fork.label ?? 'fork' }));
    this.#slots.set(fork, child);
    const skip = this.#emit({ code: codes.jmp, variant: conditions.ne, args: [{ slot: child }, 0], target: 0 });
    // A failure inside belongs to the child: it must not jump to the end of a part that the parent is in.
    const handlers = this.#handlers.splice(0);
    this.#forkDepth += 1;
    this.#armDeathSignal();
    this.program(fork.fork);
    this.#forkDepth -= 1;
    this.#handlers.push(...handlers);
    this.#sys('exit_group', [0]);
    this.#encoder.land(skip);
  }

  /**
   * The child is made with CLONE_PARENT: it is a child of the process that called `launch`, which can wait for it, and
   * this one ends. So nothing stands between them, and no monitor is needed.
   */
  #continueInChild(step: ContinueInChild): void {
    if (this.#inPidNamespace)
      throw new TypeError(
        'cannot go on in another child from inside a new pid namespace: create all namespaces at once',
      );
    if (this.#forkDepth > 0)
      throw new TypeError('cannot go on in another child inside a fork: only the first process can');
    const names = step.continueInChild.join(', ');
    const origin = this.#origin({
      name: 'clone3',
      args: [],
      label: names === '' ? 'new process' : `new process in new namespaces: ${names}`,
    });
    const CLONE_PARENT = 0x8000;
    const child = this.#clone(step.continueInChild, CLONE_PARENT, origin);
    const go = this.#emit({ code: codes.jmp, variant: conditions.eq, args: [{ slot: child }, 0], target: 0 });
    this.#send(RECORD.child, { slot: child }, origin);
    this.#sys('exit_group', [0]);
    this.#encoder.land(go);
    this.#hops += 1;
    this.#inPidNamespace = this.#pidNamespaceAhead || step.continueInChild.includes('pid');
    this.#dieIfOrphaned();
  }

  /** PR_SET_PDEATHSIG(2const) */
  #armDeathSignal(): void {
    const PR_SET_PDEATHSIG = 1;
    const SIGKILL = 9;
    if (this.#dieWithParent) this.#sys('prctl', [PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0]);
  }

  #dieIfOrphaned(): void {
    if (!this.#dieWithParent) return;
    this.#armDeathSignal();
    // It may have died already, between the clone and the line above: then the socket is at its end.
    const MSG_PEEK_DONTWAIT = 0x42;
    const peek = this.#sys('recvfrom', [
      this.#reportFd,
      { data: this.#encoder.reserve(8) },
      1,
      MSG_PEEK_DONTWAIT,
      0,
      0,
    ]);
    this.#encoder.ignore(peek, [ANY]);
    const alive = this.#emit({ code: codes.jmp, variant: conditions.ne, args: [{ slot: peek }, 0], target: 0 });
    this.#sys('exit_group', [125]);
    this.#encoder.land(alive);
  }

  #try(step: Try): void {
    const handler: Handler = { errno: step.unless.map((code) => (code === '*' ? ANY : errnoOf(code))), jumps: [] };
    this.#handlers.push(handler);
    this.program(step.try);
    this.#handlers.pop();
    const end = this.#encoder.next;
    for (const jump of handler.jumps) this.#encoder.land(jump, end);
    this.#ends.set(handler, end);
  }

  readonly #ends = new Map<Handler, number>();
  #endOf(handler: Handler): number {
    return this.#ends.get(handler) as number;
  }

  #labelled(step: Labelled): void {
    const outer = this.#label;
    this.#label = step.label;
    this.program(step.part);
    this.#label = outer;
  }

  #fail(step: Fail): void {
    const index = this.#encoder.next;
    this.#emit(
      { code: codes.fail, args: [errnoOf(step.fail), { data: 0 }, 0, index] },
      this.#origin({ name: 'fail', args: [] }),
    );
    this.#messages ??= new Map();
    this.#messages.set(index, step.message);
  }

  #clone(names: readonly CloneFlag[], extra: number, origin: Origin): number {
    this.#forks = true;
    if (names.includes('user')) this.#newUserNamespace = true;
    let flags = extra;
    for (const name of names) flags += cloneFlags[name];
    const SIGCHLD = 17;
    // struct clone_args up to `cgroup`; a child made with CLONE_PARENT inherits the signal of its parent's end. clone(2)
    const at = this.#encoder.reserve(88);
    this.#encoder.word(at, flags);
    this.#encoder.word(at + 32, extra === 0 ? SIGCHLD : 0);
    return this.#sys('clone3', [{ data: at }, 88], origin);
  }

  #send(type: number, value: Operand, origin: Origin): void {
    const at = this.#encoder.bytes(writeRecord(type));
    this.#emit({ code: codes.store, variant: 4, args: [{ data: at + 8 }, value] });
    const MSG_NOSIGNAL = 0x4000;
    this.#sys('sendto', [this.#reportFd, { data: at }, RECORD_SIZE, MSG_NOSIGNAL, 0, 0], origin);
  }

  #sys(name: string, args: readonly Operand[], origin?: Origin): number {
    const nr = this.#numbers[name];
    if (nr === undefined) throw new TypeError(`no system call of that name on ${this.#arch}: ${name}`);
    return this.#emit({ code: codes.sys, nr, args }, origin);
  }

  #emit(operation: Parameters<Encoder['emit']>[0], origin?: Origin): number {
    this.#origins.push(origin);
    return this.#encoder.emit(operation);
  }

  #origin(call: Call): Origin {
    const step = this.#label ?? call.label;
    return step === undefined ? { call } : { call, step };
  }

  #operand(arg: Arg, user: Call): Operand {
    if (arg === undefined) return 0;
    if (typeof arg === 'number' || typeof arg === 'bigint') return arg;
    if (typeof arg === 'string') return { data: this.#encoder.string(arg) };
    if (arg instanceof Uint8Array) return { data: this.#encoder.bytes(arg) };
    if (arg instanceof Fd) {
      if (arg.closed) throw new TypeError(`${user.name} is given descriptor ${arg.number}, which is closed`);
      this.#descriptors ??= new Set();
      this.#descriptors.add(arg.number);
      return arg.number;
    }
    if ('out' in arg) return { data: this.#place(arg) };
    if ('at' in arg) return { data: this.#at(arg) };
    if ('words' in arg) return { data: this.#words(arg.words, user) };
    if ('name' in arg) return this.#slotOf(arg, user);
    throw new TypeError(`${user.name} cannot be given ${JSON.stringify(arg)}`);
  }

  /** Numbers stand in the words themselves; results are stored there just before the call; the rest becomes pointers. */
  #words(values: readonly Arg[], user: Call): number {
    const at = this.#encoder.reserve(values.length * 8);
    for (const [index, value] of values.entries()) {
      const operand = this.#operand(value, user);
      const place = at + index * 8;
      if (typeof operand !== 'object') this.#encoder.word(place, operand);
      else if ('data' in operand) this.#encoder.pointer(place, operand.data);
      else this.#emit({ code: codes.store, variant: 8, args: [{ data: place }, operand] });
    }
    return at;
  }

  #slotOf(call: Call, user: Call): Operand {
    const slot = this.#slots.get(call);
    if (slot !== undefined) return { slot };
    if ('load' in call) {
      this.#load(call as Load);
      return { slot: this.#slots.get(call) as number };
    }
    throw new TypeError(
      `the result of ${call.name} is used by ${user.name}, but ${call.name} does not come before it in the program`,
    );
  }

  #at(place: At, size = 0): number {
    const { at, offset } = place;
    if (!(offset >= 0 && offset + size <= at.out))
      throw new RangeError(`not inside the memory: ${size} bytes at offset ${offset} of ${at.out} bytes`);
    return this.#place(at) + offset;
  }

  #place(memory: Out): number {
    const known = this.#places?.get(memory);
    if (known !== undefined) return known;
    const offset = this.#encoder.reserve(memory.out);
    this.#places ??= new Map();
    this.#places.set(memory, offset);
    return offset;
  }
}
