/** Programs that are nearly right: what a mistake of ours, or somebody who can write to our socket, would send. */

/** The same numbers for the same seed: a failure can be repeated. mulberry32 */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const interesting = [
  0n,
  1n,
  7n,
  8n,
  20n,
  21n,
  63n,
  64n,
  0x7fffn,
  0xffffn,
  0x7fffffffn,
  0xffffffffn,
  1n << 63n,
  -1n,
  -8n,
  -21n,
];

export function mutate(seed: Buffer, random: (below: number) => number): Buffer {
  const program = Buffer.from(seed);
  const [operations, data] = [program.readUInt32LE(8), program.readUInt32LE(12)];
  for (let times = 1 + random(6); times > 0; times--) {
    const operation = 32 + random(operations) * 64;
    const choice = random(12);
    if (choice === 0) program[random(program.length)] = random(256);
    else if (choice === 1) program.writeUInt32LE(random(4) === 0 ? random(2 ** 32) : random(256), random(6) * 4);
    else if (choice === 2) program[operation] = random(8);
    else if (choice === 3) program[operation + 1] = random(10);
    else if (choice === 4) program.writeUInt16LE(random(65536), operation + 2);
    else if (choice === 5) program.writeUInt16LE(random(operations + 2), operation + 6 + random(2) * 2);
    else if (choice === 6) program.writeUInt16LE([0, 2, 0xffff][random(3)] as number, operation + 10 + random(3) * 2);
    else if (choice <= 9) program.writeBigInt64LE(word(random, data), operation + 16 + random(6) * 8);
    else if (choice === 10 && data >= 8)
      program.writeBigInt64LE(word(random, data), 32 + operations * 64 + random(data / 8) * 8);
    else return choice === 11 && random(4) === 0 ? program.subarray(0, random(program.length)) : program;
  }
  return program;
}

/** Near the end of data, near zero, or anything. */
function word(random: (below: number) => number, data: number): bigint {
  return BigInt.asIntN(64, anyWord(random, data));
}

function anyWord(random: (below: number) => number, data: number): bigint {
  const choice = random(4);
  if (choice === 0) return interesting[random(interesting.length)] as bigint;
  if (choice === 1) return BigInt(Math.max(0, data - 24 + random(48)));
  if (choice === 2) return BigInt(random(data + 1));
  return BigInt(random(2 ** 32)) * BigInt(random(2 ** 31));
}

/** Valid at first sight, random otherwise: gets past the header. */
export function invent(random: (below: number) => number): Buffer {
  const [operations, data, relocations] = [1 + random(6), 32 + random(12) * 8, random(8) === 0 ? 1 : 0];
  const program = Buffer.alloc(32 + operations * 64 + data + relocations * 4);
  program.write('ESTB');
  program.writeUInt16LE(1, 4);
  program.writeUInt16LE(process.arch === 'arm64' ? 2 : 1, 6);
  program.writeUInt32LE(operations, 8);
  program.writeUInt32LE(data, 12);
  program.writeUInt32LE(relocations, 16);
  for (let index = 0; index < operations; index++) {
    const at = 32 + index * 64;
    program[at] = random(7);
    program[at + 1] = [0, 1, 2, 4, 8, 3, 5][random(7)] as number;
    // Operations that are valid have a place in data as their first argument more often than not.
    program.writeUInt16LE(random(12) === 0 ? random(4096) : ([1, 0x11, 0x5, 0x9, 0x15][random(5)] as number), at + 2);
    program.writeUInt16LE(random(400), at + 4);
    program.writeUInt16LE(random(operations), at + 6);
    program.writeUInt16LE(random(3) === 0 ? 0xffff : random(operations + 1), at + 8);
    if (random(2) === 0) program.writeUInt16LE([2, 0xffff][random(2)] as number, at + 10);
    for (let which = 0; which < 6; which++) {
      const value = random(3) > 0 ? random(operations) : random(data);
      program.writeBigInt64LE(random(40) === 0 ? word(random, data) : BigInt(value), at + 16 + which * 8);
    }
  }
  const dataAt = 32 + operations * 64;
  for (let at = 0; at < data; at++) program[dataAt + at] = random(3) === 0 ? random(data) : 0;
  for (let index = 0; index < relocations; index++)
    program.writeUInt32LE(random(Math.max(1, data / 8)) * 8, dataAt + data + index * 4);
  return program;
}
