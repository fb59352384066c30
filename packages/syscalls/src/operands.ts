/** From the arguments of calls to what an operation is given: results by their slots, bytes by their place in data. */
import type { Emitter } from './emitter.ts';
import { codes, type Operand } from './encoding.ts';
import { Fd } from './fd.ts';
import type { Arg, At, Call, Load, Out } from './program.ts';

export class Operands {
  readonly slots = new Map<Call, number>();
  // Most programs are small: what they do not need is not made.
  places: Map<Out, number> | undefined;
  descriptors: Set<number> | undefined;
  readonly #emitter: Emitter;

  constructor(emitter: Emitter) {
    this.#emitter = emitter;
  }

  of(arg: Arg, user: Call): Operand {
    const { encoder } = this.#emitter;
    if (arg === undefined) return 0;
    if (typeof arg === 'number' || typeof arg === 'bigint') return arg;
    if (typeof arg === 'string') return { data: encoder.string(arg) };
    if (arg instanceof Uint8Array) return { data: encoder.bytes(arg) };
    if (arg instanceof Fd) return this.#descriptor(arg, user);
    if ('out' in arg) return { data: this.place(arg) };
    if ('at' in arg) return { data: this.at(arg) };
    if ('words' in arg) return { data: this.#words(arg.words, user) };
    if ('name' in arg) return this.slotOf(arg, user);
    throw new TypeError(`${user.name} cannot be given ${JSON.stringify(arg)}`);
  }

  slotOf(call: Call, user: Call): Operand {
    const slot = this.slots.get(call);
    if (slot !== undefined) return { slot };
    if ('load' in call) return { slot: this.load(call as Load) };
    throw new TypeError(
      `the result of ${call.name} is used by ${user.name}, but ${call.name} does not come before it in the program`,
    );
  }

  load(load: Load): number {
    const place = { data: this.at(load.load, load.size) };
    const slot = this.#emitter.emit({ code: codes.load, variant: load.size, args: [place] });
    this.slots.set(load, slot);
    return slot;
  }

  /** A place in data with room for a number of that size. */
  at(place: At, size = 0): number {
    const { at, offset } = place;
    if (!(offset >= 0 && offset + size <= at.out))
      throw new RangeError(`not inside the memory: ${size} bytes at offset ${offset} of ${at.out} bytes`);
    return this.place(at) + offset;
  }

  place(memory: Out): number {
    const known = this.places?.get(memory);
    if (known !== undefined) return known;
    const offset = this.#emitter.encoder.reserve(memory.out);
    this.places ??= new Map();
    this.places.set(memory, offset);
    return offset;
  }

  #descriptor(fd: Fd, user: Call): number {
    if (fd.closed) throw new TypeError(`${user.name} is given descriptor ${fd.number}, which is closed`);
    this.descriptors ??= new Set();
    this.descriptors.add(fd.number);
    return fd.number;
  }

  /** Numbers stand in the words themselves; results are stored there just before the call; the rest becomes pointers. */
  #words(values: readonly Arg[], user: Call): number {
    const { encoder } = this.#emitter;
    const at = encoder.reserve(values.length * 8);
    for (const [index, value] of values.entries()) {
      const operand = this.of(value, user);
      const place = at + index * 8;
      if (typeof operand !== 'object') encoder.word(place, operand);
      else if ('data' in operand) encoder.pointer(place, operand.data);
      else this.#emitter.emit({ code: codes.store, variant: 8, args: [{ data: place }, operand] });
    }
    return at;
  }
}
