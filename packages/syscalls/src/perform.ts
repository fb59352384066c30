/** Runs a program in this process, on this thread, as one uninterrupted batch. */
import { compile } from './compile.ts';
import type { Compiled } from './compiled.ts';
import { openedPair, opensDescriptor } from './descriptors.ts';
import { Fd } from './fd.ts';
import { Guard, refusal } from './guard.ts';
import { type Failure, Job, resultIn } from './job.ts';
import { requireLinux } from './platform.ts';
import { attempt, type Call, type Out, type Program, syscall } from './program.ts';
import { failureOf } from './syscall-error.ts';

export interface PerformOptions {
  /** Calls whose descriptors stay open, to be taken with `results.fd`; all others are closed at the end. */
  readonly keep?: readonly Call[];
}

/** What each call returned. */
export interface Results {
  /** The raw result of a call; of a call inside `attempt` that failed: the negative error number. */
  of(call: Call): number;
  /** The descriptor of a call listed in `keep`, now the caller's to close. */
  fd(call: Call): Fd;
  /** What the kernel wrote into this memory. */
  bytes(memory: Out): Buffer;
}

/**
 * Run a program here and now, without yielding to the event loop; throws a SyscallError at the first call that fails.
 * At its end, good or bad, the namespaces that it left are joined again, and the descriptors that it opened are closed;
 * those of pipe2 and socketpair only when it failed, as they are in memory that the caller reads.
 *
 * A program must not be able to hurt this process: one that forks, executes, exits, changes credentials or the working
 * directory, or leaves the user, pid or mount namespace is refused with a TypeError before anything runs.
 */
export function perform(program: Program, options: PerformOptions = {}): Results {
  requireLinux('perform system calls');
  const guard = new Guard();
  const job = new Job();
  const compiled = compile(program, { check: guard.check, allocate: job.allocate });
  if (compiled.forks) throw refusal('fork', 'only a launched process can');
  if (compiled.pauses.length > 0) throw refusal('pause', 'only a launched process can');
  if (!guard.leaves) return run(compiled, job, options.keep);
  using _way = guard.wayBack();
  return run(compiled, job, options.keep);
}

function run(compiled: Compiled, job: Job, keep: readonly Call[] = []): Results {
  const failure = job.run();
  const slots = job.slots();
  // The memory of the job belongs to the next one, which may be the closing below.
  const data =
    compiled.places.size === 0 && failure === undefined
      ? undefined
      : Buffer.from(compiled.program.subarray(compiled.dataAt, compiled.dataAt + compiled.dataSize));
  closeOthers(compiled, slots, failure === undefined ? { keep } : { keep: [], data });
  if (failure !== undefined) throw failureOf(compiled, { ...failure, text: textOf(failure, data) });
  return new Outcome(compiled, slots, data, keep);
}

class Outcome implements Results {
  readonly #compiled: Compiled;
  readonly #slots: Int32Array;
  readonly #data: Buffer | undefined;
  readonly #kept: readonly Call[];

  constructor(compiled: Compiled, slots: Int32Array, data: Buffer | undefined, kept: readonly Call[]) {
    this.#compiled = compiled;
    this.#slots = slots;
    this.#data = data;
    this.#kept = kept;
  }

  of(call: Call): number {
    const index = this.#compiled.slots.get(call);
    if (index === undefined) throw new TypeError(`${call.name} is not part of the program`);
    const result = resultIn(this.#slots, index);
    if (result === undefined)
      throw new TypeError(`${call.name} has no result: the part that it belongs to was left before it`);
    return result;
  }

  fd(call: Call): Fd {
    if (!this.#kept.includes(call))
      throw new TypeError(`the descriptor of ${call.name} was closed at the end of the program: list it in keep`);
    return new Fd(this.of(call));
  }

  bytes(memory: Out): Buffer {
    const place = this.#compiled.places.get(memory);
    if (place === undefined || this.#data === undefined) throw new TypeError('this memory is not part of the program');
    return this.#data.subarray(place, place + memory.out);
  }
}

function textOf({ text }: Failure, data: Buffer | undefined): Buffer {
  return data?.subarray(text.at, text.at + text.size) ?? Buffer.alloc(0);
}

/** Closes what the calls of the program opened and neither the program closed nor the caller keeps. */
function closeOthers(
  compiled: Compiled,
  slots: Int32Array,
  { keep, data }: { keep: readonly Call[]; data?: Buffer | undefined },
): void {
  let open: Set<number> | undefined;
  for (let index = 0; index < compiled.origins.length; index++) {
    const call = compiled.origins[index]?.call;
    if (call === undefined) continue;
    if (call.name === 'close') {
      const [subject] = call.args;
      const closed = typeof subject === 'object' && 'name' in subject ? compiled.slots.get(subject) : undefined;
      if (closed !== undefined && resultIn(slots, index) === 0) open?.delete(resultIn(slots, closed) as number);
    } else if (opensDescriptor(call)) {
      const fd = resultIn(slots, index);
      if (fd === undefined || fd < 0 || keep.includes(call)) continue;
      open ??= new Set();
      open.add(fd);
    } else if (data !== undefined && resultIn(slots, index) === 0) {
      const place = compiled.places.get(openedPair(call) as Out);
      if (place === undefined) continue;
      open ??= new Set();
      open.add(data.readInt32LE(place)).add(data.readInt32LE(place + 4));
    }
  }
  if (open === undefined || open.size === 0) return;
  const job = new Job();
  // An error of close(2) does not keep the descriptor open, and must not hide how the program ended.
  compile(
    [...open].map((fd) => attempt([syscall('close', fd)], ['*'])),
    { allocate: job.allocate },
  );
  job.run();
}
