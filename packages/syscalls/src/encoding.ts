/**
 * The bytes of a program, as native/interpreter.c reads them:
 *
 *     header (32)  |  operations (64 each)  |  data  |  relocations (u32 each)
 *
 * Every operation stores its result in the slot of its own number. docs/program-format.md has the whole layout.
 */
import { type Arch, abis } from './platform.ts';

export const HEADER = 32;
export const OPERATION = 64;
export const NONE = 0xffff;
/** As an ignored error: whatever it is. */
export const ANY = 0xffff;
export const codes = { sys: 0, jmp: 1, load: 2, store: 3, alu: 4, fmt: 5, fail: 6 } as const;
export const conditions = { always: 0, eq: 1, ne: 2, lt: 3, ge: 4, anybit: 5 } as const;

const MAGIC = 0x42545345;
const VERSION = 1;
const MAX_DATA = 64 << 20;
const TWO_32 = 0x1_0000_0000;

/** Where the value of an argument comes from. */
export type Operand = number | bigint | { readonly data: number } | { readonly slot: number };

export interface Operation {
  readonly code: number;
  readonly variant?: number;
  readonly nr?: number;
  readonly args?: readonly Operand[];
  readonly dst?: number;
  readonly target?: number;
}

/** What a program grows in; handed from one encoder to the next, as most programs are small and short-lived. */
interface Memory {
  /** Sixteen 32-bit words an operation: all machines that can run them are little endian. */
  operations: Int32Array<ArrayBuffer>;
  data: Buffer<ArrayBuffer>;
}

let spare: Memory | undefined;

/** Grows operations and data side by side, and joins them at the end. */
export class Encoder {
  readonly #memory: Memory = takeMemory();
  #operations = 0;
  #used = 0;
  #relocations: number[] | undefined;
  #strings: Map<string, number> | undefined;

  /** Where the next operation will be. */
  get next(): number {
    return this.#operations;
  }

  get dataSize(): number {
    return (this.#used + 7) & ~7;
  }

  /** Returns the number of the operation, which is also its slot. */
  emit(operation: Operation): number {
    const index = this.#operations;
    if (index >= NONE - 1) throw new RangeError(`a program has at most ${NONE - 1} operations`);
    if ((index + 1) * 16 > this.#memory.operations.length) this.#growOperations();
    this.#operations = index + 1;
    this.#write(index, operation);
    return index;
  }

  /** A jump that was emitted before its destination was known leads to the next operation, or to the given one. */
  land(jump: number, target = this.next): void {
    const { operations } = this.#memory;
    const word = this.#place(jump) + 2;
    operations[word] = ((operations[word] as number) & ~0xffff) | target;
  }

  /** The operation goes on after these errors, three at most: at the target, if it has one. */
  ignore(operation: number, errors: readonly number[]): void {
    if (errors.length > 3) throw new RangeError(`an operation ignores three errors at most, not ${errors.length}`);
    const { operations } = this.#memory;
    const word = this.#place(operation) + 2;
    const [first = 0, second = 0, third = 0] = errors;
    operations[word] = ((operations[word] as number) & 0xffff) | (first << 16);
    operations[word + 1] = second | (third << 16);
  }

  replace(index: number, operation: Operation): void {
    this.#place(index);
    this.#write(index, operation);
  }

  /** Zeroed room; returns where it is. */
  reserve(size: number, align = 8): number {
    const offset = (this.#used + align - 1) & ~(align - 1);
    // Compared as numbers before anything is cut to 32 bits.
    if (!(size >= 0 && offset + size <= MAX_DATA))
      throw new RangeError(`a program has at most ${MAX_DATA} bytes of data, this one needs ${offset + size}`);
    this.#used = offset + size;
    if (this.#used > this.#memory.data.length) this.#growData();
    return offset;
  }

  bytes(content: Uint8Array): number {
    const offset = this.reserve(content.length);
    this.#memory.data.set(content, offset);
    return offset;
  }

  /** NUL-terminated; the same text is stored once, so nobody may write to it. */
  string(text: string): number {
    const known = this.#strings?.get(text);
    if (known !== undefined) return known;
    if (text.includes('\0'))
      throw new TypeError(`a NUL byte inside ${JSON.stringify(text)}: the kernel would read only what is before it`);
    const size = Buffer.byteLength(text);
    const offset = this.reserve(size + 1, 1);
    this.#memory.data.write(text, offset);
    this.#strings ??= new Map();
    this.#strings.set(text, offset);
    return offset;
  }

  word(offset: number, value: number | bigint): void {
    if (typeof value === 'bigint') {
      this.#memory.data.writeBigInt64LE(BigInt.asIntN(64, value), offset);
      return;
    }
    requireInteger(value);
    this.#memory.data.writeInt32LE(value | 0, offset);
    this.#memory.data.writeInt32LE(Math.floor(value / TWO_32), offset + 4);
  }

  /** The word at `offset` becomes a pointer to `to` when the program is loaded. */
  pointer(offset: number, to: number): void {
    this.word(offset, to);
    this.#relocations ??= [];
    this.#relocations.push(offset);
  }

  /** Joins the parts, in memory of the given kind; the encoder is spent then. */
  encode(options: {
    arch: Arch;
    reportFd: number;
    allocate: (size: number, operations: number) => Buffer<ArrayBuffer>;
  }): Buffer<ArrayBuffer> {
    const { operations, data } = this.#memory;
    const relocations = (this.#relocations ?? []).sort((a, b) => a - b);
    const dataAt = HEADER + this.#operations * OPERATION;
    const relocationsAt = dataAt + this.dataSize;
    const program = options.allocate(relocationsAt + relocations.length * 4, this.#operations);
    const header = new Int32Array(program.buffer, program.byteOffset, HEADER / 4);
    header[0] = MAGIC;
    header[1] = VERSION | (abis[options.arch] << 16);
    header[2] = this.#operations;
    header[3] = this.dataSize;
    header[4] = relocations.length;
    header[5] = options.reportFd;
    header[6] = header[7] = 0;
    program.set(new Uint8Array(operations.buffer, 0, dataAt - HEADER), HEADER);
    // Beyond what is used it is zero, up to the next multiple of eight.
    program.set(new Uint8Array(data.buffer, 0, this.dataSize), dataAt);
    for (let index = 0; index < relocations.length; index++)
      program.writeUInt32LE(relocations[index] as number, relocationsAt + index * 4);
    this.#release();
    return program;
  }

  #write(index: number, { code, variant = 0, nr = 0, args, dst = index, target = NONE }: Operation): void {
    const { operations } = this.#memory;
    const at = index * 16;
    operations.fill(0, at + 3, at + 16);
    let types = 0;
    if (args !== undefined) {
      if (args.length > 6) throw new RangeError(`an operation has six arguments at most, not ${args.length}`);
      for (let which = 0; which < args.length; which++) {
        const operand = args[which] as Operand;
        const place = at + 4 + which * 2;
        if (typeof operand === 'number') {
          requireInteger(operand);
          operations[place] = operand | 0;
          operations[place + 1] = Math.floor(operand / TWO_32);
        } else if (typeof operand === 'bigint') {
          operations[place] = Number(BigInt.asIntN(32, operand));
          operations[place + 1] = Number(BigInt.asIntN(32, operand >> 32n));
        } else if ('slot' in operand) {
          types |= 2 << (2 * which);
          operations[place] = operand.slot;
        } else {
          types |= 1 << (2 * which);
          operations[place] = operand.data;
        }
      }
    }
    operations[at] = code | (variant << 8) | (types << 16);
    operations[at + 1] = nr | (dst << 16);
    operations[at + 2] = target;
  }

  #place(index: number): number {
    if (index < 0 || index >= this.#operations) throw new RangeError(`no operation ${index}`);
    return index * 16;
  }

  #growOperations(): void {
    const grown = new Int32Array(this.#memory.operations.length * 2);
    grown.set(this.#memory.operations);
    this.#memory.operations = grown;
  }

  #growData(): void {
    const grown = allocate(Math.max(this.dataSize, this.#memory.data.length * 2));
    grown.set(this.#memory.data);
    this.#memory.data = grown;
  }

  /** Only what is of ordinary size is kept, so that one big program does not hold its memory for ever. */
  #release(): void {
    const { operations, data } = this.#memory;
    if (operations.length > 16 << 10 || data.length > 64 << 10) return;
    data.fill(0, 0, this.dataSize);
    spare = this.#memory;
  }
}

function takeMemory(): Memory {
  const memory = spare ?? { operations: new Int32Array(16 * 64), data: allocate(4096) };
  // A program may be a generator that runs another program meanwhile: nobody else gets this memory until it is released.
  spare = undefined;
  return memory;
}

/** Memory of its own, at a multiple of eight, unlike what `Buffer.alloc` may give. */
export function allocate(size: number): Buffer<ArrayBuffer> {
  return Buffer.from(new ArrayBuffer(size));
}

function requireInteger(value: number): void {
  if (!Number.isSafeInteger(value)) throw new TypeError(`not a 64-bit integer: ${value}`);
}
