/**
 * Classic BPF, written from its last instruction to its first. Jumps lead forward only, so every target is there, and its distance
 * known, when a jump to it is written. Documentation/networking/filter.rst, seccomp(2)
 */
import { PrivilegesError } from '../errors.ts';

export const opcodes = {
  /** A = a 32-bit word of struct seccomp_data */
  load: 0x20,
  and: 0x54,
  jump: 0x05,
  equal: 0x15,
  greater: 0x25,
  atLeast: 0x35,
  return: 0x06,
} as const;

export type Test = 'equal' | 'greater' | 'atLeast';

/** Where a jump leads: an instruction, counted from the end, or any instruction that returns this value. */
export type Target = number | { readonly returns: number };

// BPF_MAXINSNS
const MOST = 4096;
// A conditional jump has 8 bits for each way; one less leaves room for the stepping stone of the other way.
const FAR = 254;

export class Assembler {
  /** The last instruction first: code, jump if true, jump if false, k. */
  readonly #instructions: (readonly [number, number, number, number])[] = [];
  readonly #returns = new Map<number, number>();

  /** Go on at `next` with A loaded. */
  load(offset: number, next: Target): number {
    this.#fallThrough(next);
    return this.#write(opcodes.load, 0, 0, offset);
  }

  and(mask: number, next: Target): number {
    this.#fallThrough(next);
    return this.#write(opcodes.and, 0, 0, mask);
  }

  /** Go on at `yes` where A is as the test says, at `no` elsewhere. */
  branch(test: Test, k: number, yes: Target, no: Target): number {
    const [yesAt, noAt] = [this.#near(yes), this.#near(no)];
    // Finding the second may have written a stone behind the first; FAR leaves room for that one.
    return this.#write(opcodes[test], this.#distance(yesAt), this.#distance(noAt), k);
  }

  /** The whole filter, first instruction first, as struct sock_filter. */
  finish(start: Target): Uint8Array<ArrayBuffer> {
    this.#fallThrough(start);
    const count = this.#instructions.length;
    if (count > MOST) {
      throw new PrivilegesError(
        'SECCOMP_TOO_LONG',
        `cannot compile the seccomp profile: it needs ${count} instructions and the kernel takes ${MOST}; use fewer rules with arguments`,
      );
    }
    const bytes = new Uint8Array(count * 8);
    const view = new DataView(bytes.buffer);
    for (const [index, [code, yes, no, k]] of this.#instructions.toReversed().entries()) {
      view.setUint16(index * 8, code, true);
      view.setUint8(index * 8 + 2, yes);
      view.setUint8(index * 8 + 3, no);
      view.setUint32(index * 8 + 4, k, true);
    }
    return bytes;
  }

  #near(target: Target): number {
    if (typeof target !== 'number') return this.#return(target.returns);
    // A jump without a condition has 32 bits.
    return this.#distance(target) < FAR ? target : this.#write(opcodes.jump, 0, 0, this.#distance(target));
  }

  // One that is near enough, or a new one: as short as a stepping stone, and quicker.
  #return(value: number): number {
    const known = this.#returns.get(value);
    if (known !== undefined && this.#distance(known) < FAR) return known;
    const position = this.#write(opcodes.return, 0, 0, value);
    this.#returns.set(value, position);
    return position;
  }

  #fallThrough(target: Target): void {
    const position = this.#near(target);
    if (this.#distance(position) > 0) this.#write(opcodes.jump, 0, 0, this.#distance(position));
  }

  // How many instructions lie between the next one to be written and that one.
  #distance(position: number): number {
    return this.#instructions.length - 1 - position;
  }

  #write(code: number, yes: number, no: number, k: number): number {
    return this.#instructions.push([code, yes, no, k]) - 1;
  }
}
