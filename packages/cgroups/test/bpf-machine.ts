/**
 * As much of an eBPF machine as device programs need.
 * https://docs.kernel.org/bpf/standardization/instruction-set.html
 */
export function runProgram(bytes: Buffer, context: Buffer): bigint {
  const registers = new Array<bigint>(11).fill(0n);
  const count = bytes.length / 8;
  for (let index = 0; index < count; index++) {
    const at = index * 8;
    const code = bytes.readUInt8(at);
    const to = bytes.readUInt8(at + 1) & 15;
    const from = bytes.readUInt8(at + 1) >> 4;
    const offset = bytes.readInt16LE(at + 2);
    const value = BigInt.asUintN(64, BigInt(bytes.readInt32LE(at + 4)));
    const a = registers[to] as bigint;
    const jump = (taken: boolean) => {
      if (offset < 0) throw new Error(`a jump backwards at ${index}`);
      if (taken) index += offset;
    };
    if (code === 0x95) return registers[0] as bigint;
    if (code === 0x61) {
      if (from !== 1) throw new Error(`a load from elsewhere at ${index}`);
      registers[to] = BigInt(context.readUInt32LE(offset));
    } else if (code === 0xb7) registers[to] = value;
    else if (code === 0xbf) registers[to] = registers[from] as bigint;
    else if (code === 0x57) registers[to] = a & value;
    else if (code === 0x77) registers[to] = a >> value;
    else if (code === 0x15) jump(a === value);
    else if (code === 0x55) jump(a !== value);
    else if (code === 0x45) jump((a & value) !== 0n);
    else throw new Error(`no such instruction here: ${code.toString(16)}`);
  }
  throw new Error('the program runs off its end');
}
