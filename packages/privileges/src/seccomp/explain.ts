import { decodeReturn } from './actions.ts';
import type { Abi } from './architectures.ts';
import { opcodes } from './assembler.ts';
import { decodeInstructions, type Instruction } from './instructions.ts';

/** A filter as a person would read it: `5: if number >= 57 (fork) goto 48 else 7`. */
export function explainFilter(bytes: Uint8Array, abis: readonly Abi[]): string {
  const instructions = decodeInstructions(bytes);
  const before = knownBefore(instructions);
  const names = new Map(abis.map(({ audit, numbers }) => [audit, namesOf(numbers)]));
  const lines = instructions.map((instruction, index) => {
    const known = before[index] ?? { word: archWord, arch: 0 };
    const name = known.word === numberWord ? names.get(known.arch)?.get(instruction.k) : undefined;
    return `${index}: ${words(instruction, index, nameOfWord(known.word), name)}`;
  });
  return `${lines.join('\n')}\n`;
}

/** What is known when an instruction is reached: which word is loaded, and which AUDIT_ARCH it is. */
interface Known {
  readonly word: number;
  readonly arch: number;
}

// Jumps lead forward only, so one pass meets every instruction after all that lead to it.
function knownBefore(instructions: readonly Instruction[]): Known[] {
  const known: Known[] = [{ word: archWord, arch: 0 }];
  for (const [index, { code, yes, no, k }] of instructions.entries()) {
    const now = known[index] ?? { word: archWord, arch: 0 };
    const next = index + 1;
    if (code === opcodes.load) known[next] = { ...now, word: k };
    else if (code === opcodes.and) known[next] = now;
    else if (code === opcodes.jump) known[next + k] = now;
    else if (code !== opcodes.return) {
      known[next + no] = now;
      known[next + yes] = now.word === archWord ? { ...now, arch: k } : now;
    }
  }
  return known;
}

function namesOf(numbers: Readonly<Record<string, number>>): Map<number, string> {
  return new Map(Object.entries(numbers).map(([name, number]) => [number, name]));
}

function words({ code, yes, no, k }: Instruction, index: number, loaded: string, name?: string): string {
  const value = `${k > 0xffff ? `0x${k.toString(16)}` : k}${name === undefined ? '' : ` (${name})`}`;
  const goto = `goto ${index + 1 + yes} else ${index + 1 + no}`;
  switch (code) {
    case opcodes.load:
      return `load ${nameOfWord(k)}`;
    case opcodes.and:
      return `keep the bits 0x${k.toString(16)}`;
    case opcodes.jump:
      return `goto ${index + 1 + k}`;
    case opcodes.equal:
      return `if ${loaded} == ${value} ${goto}`;
    case opcodes.greater:
      return `if ${loaded} > ${value} ${goto}`;
    case opcodes.atLeast:
      return `if ${loaded} >= ${value} ${goto}`;
    default: {
      const { action, errno } = decodeReturn(k);
      return errno === undefined ? action : `${action} ${errno}`;
    }
  }
}

// struct seccomp_data
const numberWord = 0;
const archWord = 4;

function nameOfWord(offset: number): string {
  if (offset === numberWord) return 'number';
  if (offset === archWord) return 'architecture';
  return `argument ${(offset - 16) >> 3} ${offset % 8 === 0 ? 'low' : 'high'}`;
}
