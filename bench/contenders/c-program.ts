/** A program of system calls, written out as C: one `call` after the other, without an interpreter. */
import {
  type Arg,
  type Call,
  type CloneFlag,
  cloneFlags,
  Fd,
  isProgram,
  type Out,
  type Program,
  type Step,
  syscallNumbers,
} from '@estiba/syscalls';

const CLONE_INTO_CGROUP = 2n ** 33n;
const CLONE_PARENT = 0x8000n;
const SIGCHLD = 17;

/** Errors as the C library spells them; `*` is any. */
interface Tolerance {
  readonly codes: readonly string[];
  readonly end: string;
}

export class CProgram {
  readonly #inherited: Fd | undefined;
  readonly #data: string[] = [];
  readonly #body: string[] = [];
  readonly #results = new Map<Call, string>();
  readonly #memory = new Map<Out, string>();
  #names = 0;
  #cgroup: string | undefined;

  /** `inherited` is the one descriptor that the program gets from outside, in C its argument `root`. */
  constructor(program: Program, inherited?: Fd) {
    this.#inherited = inherited;
    this.#add(program, []);
  }

  /** A function that returns what `result` is: 0 unless given. */
  define(signature: string, result?: Call): string {
    const value = result === undefined ? '0' : this.#results.get(result);
    return [...this.#data, `${signature} {`, ...this.#body.map((line) => `  ${line}`), `  return ${value};`, '}'].join(
      '\n',
    );
  }

  #add(program: Program, around: readonly Tolerance[]): void {
    for (const part of program) {
      if (isProgram(part)) this.#add(part, around);
      else this.#step(part, around);
    }
  }

  #step(step: Step, around: readonly Tolerance[]): void {
    if ('part' in step) {
      this.#body.push(`/* ${step.label} */`);
      this.#add(step.part, around);
    } else if ('try' in step) {
      const end = this.#name('after');
      this.#add(step.try, [{ codes: step.unless, end }, ...around]);
      this.#body.push(`${end}:;`);
    } else if ('beginInCgroup' in step) this.#cgroup = this.#value(step.beginInCgroup);
    else if ('continueInChild' in step) this.#continueInChild(step.continueInChild);
    else if ('closeDescriptors' in step) this.#body.push('close_range(3, ~0u, 0);');
    else if ('name' in step && !('load' in step) && !('fork' in step)) this.#call(step, around);
    else throw new TypeError(`cannot write this step in C: ${Object.keys(step).join(', ')}`);
  }

  #call(call: Call, around: readonly Tolerance[]): void {
    const number = syscallNumbers()[call.name];
    if (number === undefined) throw new TypeError(`no such system call: ${call.name}`);
    const args = Array.from({ length: 6 }, (_, index) => `(long)${this.#value(call.args[index])}`);
    const result = this.#name('r');
    this.#results.set(call, result);
    this.#data.push(`static long ${result};`);
    this.#body.push(`${result} = call(${[number, ...args].join(', ')});`);
    for (const { codes, end } of around) {
      const matches = codes.includes('*') ? `${result} < 0` : codes.map((code) => `${result} == -${code}`).join(' || ');
      this.#body.push(`if (${matches}) goto ${end};`);
    }
    this.#body.push(`if (${result} < 0 && ${result} > -4096) errno = -${result}, failed("${call.name} ${result}");`);
  }

  /** As the launcher does it: the new process is a child of the caller's parent if that is to wait for both. */
  #continueInChild(kinds: readonly CloneFlag[]): void {
    const into = this.#cgroup === undefined ? 0n : CLONE_INTO_CGROUP;
    const flags = kinds.reduce((sum, kind) => sum | BigInt(cloneFlags[kind]), into);
    const args = this.#name('w');
    // struct clone_args up to `cgroup`: exit_signal is the fifth, cgroup the last
    this.#data.push(`static unsigned long ${args}[11];`);
    this.#body.push(
      `${args}[0] = ${flags}ul | (DIRECTORIES[0] ? ${CLONE_PARENT}ul : 0), ${args}[4] = DIRECTORIES[0] ? 0 : ${SIGCHLD};`,
      `${args}[10] = ${this.#cgroup ?? 0};`,
      `{ long pid = call(SYS_clone3, (long)${args}, 88, 0, 0, 0, 0); if (pid < 0) errno = -pid, failed("clone3"); if (pid) return pid; }`,
    );
    this.#cgroup = undefined;
  }

  #value(arg: Arg): string {
    if (arg === undefined) return '0';
    if (typeof arg === 'number' || typeof arg === 'bigint') return `${arg}l`;
    if (typeof arg === 'string') return this.#bytes(Buffer.from(`${arg}\0`));
    if (arg instanceof Uint8Array) return this.#bytes(arg);
    if (arg instanceof Fd) {
      if (arg !== this.#inherited) throw new TypeError(`cannot write descriptor ${arg.number} in C: it is Node's`);
      return 'root';
    }
    if ('out' in arg) return this.#room(arg);
    if ('at' in arg) return `(${this.#room(arg.at)} + ${arg.offset})`;
    if ('words' in arg) return this.#words(arg.words);
    const result = this.#results.get(arg);
    if (result === undefined) throw new TypeError(`cannot write the result of ${arg.name} in C: it comes later`);
    return result;
  }

  #bytes(bytes: Uint8Array): string {
    const name = this.#name('d');
    this.#data.push(`static unsigned char ${name}[] = {${[...bytes].join(',')}${bytes.length === 0 ? '0' : ''}};`);
    return name;
  }

  #words(values: readonly Arg[]): string {
    const name = this.#name('w');
    this.#data.push(`static unsigned long ${name}[${values.length}];`);
    for (const [index, value] of values.entries())
      this.#body.push(`${name}[${index}] = (unsigned long)${this.#value(value)};`);
    return name;
  }

  #room(memory: Out): string {
    const known = this.#memory.get(memory) ?? this.#name('m');
    if (!this.#memory.has(memory)) this.#data.push(`static unsigned char ${known}[${memory.out}];`);
    this.#memory.set(memory, known);
    return known;
  }

  #name(kind: string): string {
    this.#names += 1;
    // Two of these may stand in one file.
    return `${kind}${this.#inherited === undefined ? '' : '_'}${this.#names}`;
  }
}
