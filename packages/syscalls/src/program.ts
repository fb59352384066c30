/**
 * A program: system calls as plain data, in the order in which they are to happen.
 *
 * Nothing here does anything. `perform` runs a program in this process, `launch` in a fresh one, `explain` prints it.
 */
import type { ErrnoCode } from './errno.ts';
import type { Fd } from './fd.ts';
import type { CloneFlag } from './flags.ts';

/**
 * One system call. Used as an argument of a later call it stands for its own result, so descriptors need no names:
 *
 *     const root = openTree('/srv/base', ['clone']);
 *     const program = [root, mountSetattr(root, { set: ['rdonly'] }), moveMount(root, '/mnt')];
 */
export interface Call {
  readonly name: string;
  readonly args: readonly Arg[];
  /** What the call is for, in words; for errors and `explain`. */
  readonly label?: string;
  /** Where its kernel log is, when it has one: the descriptor of the `fsopen` context. */
  readonly log?: Call;
}

/**
 * What a call may be given. `undefined` is 0 or NULL; a string is passed as a NUL-terminated path; bytes are copied into
 * the program and passed as a pointer; a `Call` is its result; `Out` and `Words` are pointers to memory of the program.
 */
export type Arg = number | bigint | string | Uint8Array | Fd | Call | Out | At | Words | undefined;

/** Memory that a call fills: zeroed, `size` bytes. Read it afterwards with `results.bytes(out)`, or in the program with `load`. */
export interface Out {
  readonly out: number;
}

/** A place inside an `Out`. */
export interface At {
  readonly at: Out;
  readonly offset: number;
}

/** A C structure or array of 64-bit words: numbers as they are, everything else as a pointer to it, a `Call` as its result. */
export interface Words {
  readonly words: readonly Arg[];
}

/** What is done, in order. Lists nest, so that packages can hand around parts of a program. */
export type Program = Iterable<Step | Program>;
export type Step =
  | Call
  | Load
  | Patch
  | Pause
  | Fork
  | ContinueInChild
  | BeginInCgroup
  | CloseDescriptors
  | Try
  | Labelled
  | Fail;

/** Reads a number out of memory that an earlier call filled; used as an argument it stands for that number. */
export interface Load extends Call {
  readonly load: At;
  readonly size: 1 | 2 | 4 | 8;
}

/** Writes a number, usually the result of a call, into memory of the program. */
export interface Patch {
  readonly patch: At;
  readonly value: Arg;
  readonly size: 1 | 2 | 4 | 8;
}

/** Stops the program until the parent's handler of that name has finished; what the handler returns is put into `answer`. */
export interface Pause {
  readonly pause: string;
  readonly answer?: Out;
}

/** A second process, which runs its own part and then ends; used as an argument it stands for its process id. */
export interface Fork extends Call {
  readonly fork: Program;
  readonly clone: readonly CloneFlag[];
}

/** What follows happens in a new process, which takes the place of this one. */
export interface ContinueInChild {
  readonly continueInChild: readonly CloneFlag[];
}

/** The process that follows begins in a cgroup. */
export interface BeginInCgroup {
  readonly beginInCgroup: Exclude<Arg, string | undefined>;
}

/** Closes every descriptor but 0, 1 and 2. */
export interface CloseDescriptors {
  readonly closeDescriptors: true;
}

/** A part that is left, without an error, at the first call that fails with one of these. */
export interface Try {
  readonly try: Program;
  readonly unless: readonly ErrnoCode[];
}

export interface Labelled {
  readonly label: string;
  readonly part: Program;
}

/** Ends the program with an error of our own. */
export interface Fail {
  readonly fail: ErrnoCode;
  readonly message: string;
}

export function syscall(name: string, ...args: readonly Arg[]): Call {
  return { name, args };
}

export function out(size: number): Out {
  return { out: size };
}

export function at(memory: Out, offset: number): At {
  return { at: memory, offset };
}

export function words(...values: readonly Arg[]): Words {
  return { words: values };
}

export function load(memory: Out, offset = 0, size: 1 | 2 | 4 | 8 = 4): Load {
  return { name: 'load', args: [], load: at(memory, offset), size };
}

export function patch(memory: Out, offset: number, value: Arg, size: 1 | 2 | 4 | 8 = 4): Patch {
  return { patch: at(memory, offset), value, size };
}

/** Stop the program here until the parent's `at[name]` handler has finished. */
export function pause(name: string, answer?: Out): Pause {
  return answer === undefined ? { pause: name } : { pause: name, answer };
}

/** A second process inside the program; the first goes on at once. It ends when its part ends. */
export function fork(child: Program, options: { clone?: readonly CloneFlag[] } = {}): Fork {
  return { name: 'fork', args: [], fork: child, clone: options.clone ?? [] };
}

/** Go on in a new process, in new namespaces; the old one ends, and the child handle follows the new one. clone(2) */
export function continueInChild(...clone: readonly CloneFlag[]): ContinueInChild {
  return { continueInChild: clone };
}

/**
 * What follows happens in a process that begins its life in a cgroup, given as a descriptor of its v2 directory: that of
 * the next `continueInChild` if it comes next, otherwise one made for this. To move a process that exists instead, the
 * kernel has to stop all forks and ends of processes, and waits milliseconds for that. clone(2), CLONE_INTO_CGROUP; Linux 5.7
 */
export function beginInCgroup(directory: Call | Fd): BeginInCgroup {
  return { beginInCgroup: directory };
}

/**
 * Close everything but 0, 1 and 2, of the process itself and what it inherited. The command never gets them; but a path
 * that somebody else chose, such as /proc/self/fd/9, must not lead to them before that (CVE-2024-21626).
 */
export function closeDescriptors(): CloseDescriptors {
  return { closeDescriptors: true };
}

/** Leave this part, without an error, when one of its calls fails with one of these. */
export function attempt(part: Program, unless: readonly ErrnoCode[]): Try {
  return { try: part, unless };
}

/** Name a part of a program, for errors and for `explain`. */
export function label(text: string, part: Step | Program): Labelled {
  return { label: text, part: isProgram(part) ? part : [part] };
}

export function fail(code: ErrnoCode, message: string): Fail {
  return { fail: code, message };
}

export function isProgram(part: Step | Program): part is Program {
  return Symbol.iterator in part;
}
