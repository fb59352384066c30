/**
 * What is handed to the interpreter in this process, in one piece of memory at a known address:
 *
 *     size (8)  |  failure (24)  |  program  |  slots (8 each), at a multiple of eight
 *
 * One piece serves all programs of ordinary size, one after the other: what is to be kept has to be copied out.
 */
import { allocate } from './encoding.ts';
import { addressOf, performNative } from './native.ts';

const JOB = 32;
const LASTING = 64 << 10;
/** No system call returns this: nothing was stored in the slot. */
const UNSET = -0x8000_0000;

interface Memory {
  readonly buffer: Buffer<ArrayBuffer>;
  readonly words: Int32Array<ArrayBuffer>;
  readonly address: number;
}

let lasting: Memory | undefined;

export interface Failure {
  readonly op: number;
  readonly errno: number;
  /** Where in data the interpreter found words about it. */
  readonly text: { readonly at: number; readonly size: number };
}

/** One run of one program. `allocate` and `run` follow each other at once, so that no other job comes in between. */
export class Job {
  #memory: Memory | undefined;
  #slotsAt = 0;
  #slots = 0;

  /** Room for a program; for `compile`. */
  readonly allocate = (size: number, operations: number): Buffer<ArrayBuffer> => {
    const slotsAt = JOB + ((size + 7) & ~7);
    const whole = slotsAt + operations * 8;
    const memory = memoryOf(whole);
    const { words } = memory;
    words[0] = whole;
    words[1] = 0;
    for (let at = slotsAt / 4 + 1; at < whole / 4; at += 2) words[at] = UNSET;
    this.#memory = memory;
    this.#slotsAt = slotsAt / 4;
    this.#slots = operations;
    return memory.buffer.subarray(JOB, JOB + size);
  };

  /** Returns what went wrong, if anything did. */
  run(): Failure | undefined {
    const { address, words } = this.#memory as Memory;
    const outcome = performNative(address);
    if (outcome === 0) return undefined;
    if (outcome === 2)
      throw new TypeError('the interpreter refused the program: it belongs to another version of this package');
    return {
      op: words[3] as number,
      errno: words[4] as number,
      text: { size: words[5] as number, at: words[6] as number },
    };
  }

  /** What the calls returned, to be read with `resultIn` after other jobs too. */
  slots(): Int32Array {
    return (this.#memory as Memory).words.slice(this.#slotsAt, this.#slotsAt + this.#slots * 2);
  }
}

/** The result in a slot; undefined when its operation was not reached. */
export function resultIn(slots: Int32Array, index: number): number | undefined {
  const [low, high] = [slots[index * 2] as number, slots[index * 2 + 1] as number];
  return high === UNSET ? undefined : high * 0x1_0000_0000 + (low >>> 0);
}

function memoryOf(size: number): Memory {
  if (size > LASTING) return makeMemory(size);
  lasting ??= makeMemory(LASTING);
  return lasting;
}

function makeMemory(size: number): Memory {
  const buffer = allocate(size);
  return { buffer, words: new Int32Array(buffer.buffer), address: addressOf(buffer) };
}
