/** From steps to operations: flattens a program, gives every result its slot and every byte its place. */
import type { Compiled, CompileOptions } from './compiled.ts';
import { Emitter } from './emitter.ts';
import { allocate, codes, HEADER, OPERATION } from './encoding.ts';
import { errnoOf } from './errno.ts';
import { Lineage } from './lineage.ts';
import { Operands } from './operands.ts';
import { platformArch } from './platform.ts';
import {
  type BeginInCgroup,
  type Call,
  type Fail,
  type Fork,
  isProgram,
  type Labelled,
  type Patch,
  type Program,
  type Step,
} from './program.ts';
import { Tolerance } from './tolerance.ts';

export function compile(program: Program, options: CompileOptions = {}): Compiled {
  return new Compiler(options).compile(program);
}

const none: ReadonlyMap<never, never> = new Map<never, never>();
const nothing: ReadonlySet<never> = new Set();

class Compiler {
  readonly #options: CompileOptions;
  readonly #emitter: Emitter;
  readonly #operands: Operands;
  readonly #tolerance: Tolerance;
  readonly #lineage: Lineage;
  #messages: Map<number, string> | undefined;

  constructor(options: CompileOptions) {
    this.#options = options;
    this.#emitter = new Emitter(options.arch ?? platformArch());
    this.#operands = new Operands(this.#emitter);
    this.#tolerance = new Tolerance(this.#emitter, this.#operands);
    this.#lineage = new Lineage(this.#emitter, this.#operands, options);
  }

  compile(program: Program): Compiled {
    this.#lineage.begin();
    this.#program(program);
    this.#lineage.finish();
    this.#tolerance.finish();
    return this.#join();
  }

  #program(program: Program): void {
    for (const part of program) {
      if (typeof part !== 'object' || part === null) throw new TypeError(`not a step: ${JSON.stringify(part)}`);
      if (isProgram(part)) this.#program(part);
      else this.#step(part);
    }
  }

  #step(step: Step): void {
    if (!('continueInChild' in step || 'beginInCgroup' in step || 'part' in step || 'try' in step))
      this.#lineage.settle();
    if ('load' in step) this.#operands.load(step);
    else if ('fork' in step) this.#fork(step);
    else if ('name' in step) this.#call(step);
    else if ('patch' in step) this.#patch(step);
    else if ('pause' in step) this.#lineage.pause(step);
    else if ('continueInChild' in step) this.#lineage.continueInChild(step.continueInChild);
    else if ('beginInCgroup' in step) this.#beginInCgroup(step);
    else if ('closeDescriptors' in step) this.#lineage.closeDescriptors();
    else if ('try' in step) this.#tolerance.within(step.unless, () => this.#program(step.try));
    else if ('part' in step) this.#labelled(step);
    else if ('fail' in step) this.#fail(step);
    else throw new TypeError(`not a step: ${JSON.stringify(step)}`);
  }

  #call(call: Call): void {
    this.#options.check?.(call);
    this.#lineage.prepareFor(call);
    const args = call.args.map((arg) => this.#operands.of(arg, call));
    const index = this.#emitter.sys(call.name, args, this.#emitter.origin(call));
    this.#operands.slots.set(call, index);
    this.#tolerance.applyTo(call, index);
  }

  #fork(fork: Fork): void {
    const part = () => this.#tolerance.apart(() => this.#program(fork.fork));
    this.#operands.slots.set(fork, this.#lineage.fork(fork.clone, fork.label ?? 'fork', part));
  }

  #beginInCgroup({ beginInCgroup }: BeginInCgroup): void {
    this.#lineage.beginInCgroup(this.#operands.of(beginInCgroup, { name: 'clone3', args: [] }));
  }

  #patch({ patch, value, size }: Patch): void {
    const operand = this.#operands.of(value, { name: 'patch', args: [] });
    this.#emitter.emit({ code: codes.store, variant: size, args: [{ data: this.#operands.at(patch, size) }, operand] });
  }

  #labelled(step: Labelled): void {
    const outer = this.#emitter.label;
    this.#emitter.label = step.label;
    this.#program(step.part);
    this.#emitter.label = outer;
  }

  #fail(step: Fail): void {
    const index = this.#emitter.encoder.next;
    const operation = { code: codes.fail, args: [errnoOf(step.fail), { data: 0 }, 0, index] };
    this.#emitter.emit(operation, this.#emitter.origin({ name: 'fail', args: [] }));
    this.#messages ??= new Map();
    this.#messages.set(index, step.message);
  }

  #join(): Compiled {
    const { encoder, arch, origins } = this.#emitter;
    if (encoder.next === 0) this.#emitter.emit({ code: codes.alu });
    const program = encoder.encode({
      arch,
      reportFd: this.#options.reportFd ?? -1,
      allocate: this.#options.allocate ?? allocate,
    });
    return {
      program,
      origins,
      slots: this.#operands.slots,
      places: this.#operands.places ?? none,
      dataAt: HEADER + encoder.next * OPERATION,
      dataSize: encoder.dataSize,
      descriptors: this.#operands.descriptors ?? nothing,
      pauses: this.#lineage.pauses ?? [],
      hops: this.#lineage.hops,
      forks: this.#lineage.forks,
      messages: this.#messages ?? none,
    };
  }
}
