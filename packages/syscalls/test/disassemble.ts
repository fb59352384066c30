/** Reads an encoded program back, by docs/program-format.md alone: nothing here knows how the encoder works. */
const codes = ['sys', 'jmp', 'load', 'store', 'alu', 'fmt', 'fail'];

export interface Disassembled {
  readonly header: { magic: string; version: number; abi: number; reportFd: number };
  readonly operations: readonly Instruction[];
  readonly data: Buffer;
  readonly relocations: readonly number[];
}

export interface Instruction {
  readonly code: string;
  readonly variant: number;
  readonly nr: number;
  readonly dst: number;
  readonly target: number;
  readonly ignore: readonly number[];
  readonly args: readonly { readonly kind: 'value' | 'data' | 'slot' | 'slot address'; readonly value: bigint }[];
}

export function disassemble(program: Buffer): Disassembled {
  const [operations, data, relocations] = [8, 12, 16].map((at) => program.readUInt32LE(at)) as [number, number, number];
  const dataAt = 32 + operations * 64;
  const relocationsAt = dataAt + data;
  if (program.length !== relocationsAt + relocations * 4) throw new Error('sizes in the header do not add up');
  return {
    header: {
      magic: program.toString('latin1', 0, 4),
      version: program.readUInt16LE(4),
      abi: program.readUInt16LE(6),
      reportFd: program.readInt32LE(20),
    },
    operations: Array.from({ length: operations }, (_, index) => instruction(program.subarray(32 + index * 64))),
    data: Buffer.from(program.subarray(dataAt, relocationsAt)),
    relocations: Array.from({ length: relocations }, (_, index) => program.readUInt32LE(relocationsAt + index * 4)),
  };
}

function instruction(bytes: Buffer): Instruction {
  const types = bytes.readUInt16LE(2);
  return {
    code: codes[bytes.readUInt8(0)] ?? `unknown ${bytes[0]}`,
    variant: bytes.readUInt8(1),
    nr: bytes.readUInt16LE(4),
    dst: bytes.readUInt16LE(6),
    target: bytes.readUInt16LE(8),
    ignore: [10, 12, 14].map((at) => bytes.readUInt16LE(at)).filter((errno) => errno !== 0),
    args: Array.from({ length: 6 }, (_, index) => ({
      kind: (['value', 'data', 'slot', 'slot address'] as const)[(types >> (2 * index)) & 3] as 'value',
      value: bytes.readBigInt64LE(16 + index * 8),
    })),
  };
}

/** One line an operation: `3: sys 1(slot 0, data 8, 5) unless 2 → 7`; zero arguments at the end are left out. */
export function listing(program: Buffer): string[] {
  return disassemble(program).operations.map((operation, index) => {
    const { code, variant, nr, args, ignore, target } = operation;
    const last = args.findLastIndex(({ kind, value }) => kind !== 'value' || value !== 0n);
    const shown = args
      .slice(0, last + 1)
      .map(({ kind, value }) => (kind === 'value' ? String(value) : `${kind} ${value}`));
    const head = code === 'sys' ? `sys ${nr}` : variant === 0 ? code : `${code} ${variant}`;
    const unless = ignore.length === 0 ? '' : ` unless ${ignore.join(', ')}`;
    return `${index}: ${head}(${shown.join(', ')})${unless}${target === 0xffff ? '' : ` → ${target}`}`;
  });
}
