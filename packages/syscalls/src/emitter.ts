/** Operations, and beside them what they came from. */
import type { Origin } from './compiled.ts';
import { codes, conditions, Encoder, type Operand, type Operation } from './encoding.ts';
import { type Arch, syscallNumbers } from './platform.ts';
import type { Call } from './program.ts';

export class Emitter {
  readonly encoder = new Encoder();
  readonly arch: Arch;
  readonly origins: (Origin | undefined)[] = [];
  /** What the part that is being compiled is called. */
  label: string | undefined;
  readonly #numbers: Readonly<Record<string, number>>;

  constructor(arch: Arch) {
    this.arch = arch;
    this.#numbers = syscallNumbers(arch);
  }

  /** Returns the number of the operation, which is also that of its slot. */
  emit(operation: Operation, origin?: Origin): number {
    this.origins.push(origin);
    return this.encoder.emit(operation);
  }

  sys(name: string, args: readonly Operand[], origin?: Origin): number {
    const nr = Object.hasOwn(this.#numbers, name) ? this.#numbers[name] : undefined;
    if (nr === undefined) throw new TypeError(`no system call of that name on ${this.arch}: ${name}`);
    return this.emit({ code: codes.sys, nr, args }, origin);
  }

  /** A jump that is taken when the two are so; it leads nowhere until it is landed. */
  jump(condition: keyof typeof conditions, ...args: readonly Operand[]): number {
    return this.emit({ code: codes.jmp, variant: conditions[condition], args, target: 0 });
  }

  origin(call: Call): Origin {
    const step = this.label ?? call.label;
    return step === undefined ? { call } : { call, step };
  }
}
