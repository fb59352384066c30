/** What the compiler makes of a program, and what it is told. */
import type { Arch } from './platform.ts';
import type { Call, Out } from './program.ts';

/** What an operation came from, to explain its failure. */
export interface Origin {
  readonly call: Call;
  readonly step?: string;
}

export interface CompiledPause {
  readonly name: string;
  readonly answer?: Out;
  /** How often the program has gone on in a child by then. */
  readonly hops: number;
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
  readonly pauses: readonly CompiledPause[];
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
