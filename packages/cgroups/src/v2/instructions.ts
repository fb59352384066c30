/**
 * The eBPF instructions that a device program is made of.
 * https://docs.kernel.org/bpf/standardization/instruction-set.html
 */

/** A name instead of a distance: where it leads is worked out when the whole is known. */
export interface Label {
  readonly label: symbol;
}

export interface Instruction {
  readonly code: number;
  readonly to?: number;
  readonly from?: number;
  /** Of memory, or how far to jump. */
  readonly offset?: number | symbol;
  readonly value?: number;
}

export const label = (name: symbol): Label => ({ label: name });
/** A number of 32 bits out of memory. */
export const load = (to: number, from: number, offset: number): Instruction => ({ code: 0x61, to, from, offset });
export const move = (to: number, value: number): Instruction => ({ code: 0xb7, to, value });
export const copy = (to: number, from: number): Instruction => ({ code: 0xbf, to, from });
export const and = (to: number, value: number): Instruction => ({ code: 0x57, to, value });
export const shiftRight = (to: number, value: number): Instruction => ({ code: 0x77, to, value });
export const jumpIfEqual = (to: number, value: number, offset: symbol): Instruction => ({
  code: 0x15,
  to,
  value,
  offset,
});
export const jumpUnlessEqual = (to: number, value: number, offset: symbol): Instruction => ({
  code: 0x55,
  to,
  value,
  offset,
});
export const jumpIfAny = (to: number, bits: number, offset: symbol): Instruction => ({
  code: 0x45,
  to,
  value: bits,
  offset,
});
export const exit = (): Instruction => ({ code: 0x95 });

export const INSTRUCTION_SIZE = 8;

/** As the kernel reads them. Deterministic: the same list is the same bytes. */
export function assemble(list: readonly (Instruction | Label)[]): Buffer {
  const instructions: Instruction[] = [];
  const places = new Map<symbol, number>();
  for (const each of list) {
    if ('label' in each) places.set(each.label, instructions.length);
    else instructions.push(each);
  }
  const bytes = Buffer.alloc(instructions.length * INSTRUCTION_SIZE);
  for (const [index, { code, to = 0, from = 0, offset = 0, value = 0 }] of instructions.entries()) {
    const at = index * INSTRUCTION_SIZE;
    bytes.writeUInt8(code, at);
    bytes.writeUInt8((from << 4) | to, at + 1);
    // Counted from the instruction that follows; beyond 16 bits this throws.
    bytes.writeInt16LE(typeof offset === 'symbol' ? (places.get(offset) ?? Number.NaN) - index - 1 : offset, at + 2);
    bytes.writeInt32LE(value, at + 4);
  }
  return bytes;
}
