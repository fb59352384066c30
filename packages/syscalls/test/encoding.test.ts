import { describe, expect, it } from 'vitest';
import { allocate, codes, Encoder, NONE } from '../src/encoding.ts';
import { disassemble } from './disassemble.ts';

const encode = (encoder: Encoder, arch: 'x64' | 'arm64' = 'x64') => encoder.encode({ arch, reportFd: -1, allocate });

describe('an encoded program', () => {
  it('has the bytes that the interpreter expects', () => {
    const encoder = new Encoder();
    const text = encoder.string('ab');
    encoder.emit({ code: codes.sys, nr: 0x1234, args: [{ data: text }, { slot: 0 }, -1, 2 ** 32 + 5, -1n], target: 1 });
    encoder.ignore(0, [2, 0xffff]);
    expect(
      encode(encoder)
        .toString('hex')
        .replace(/(.{16})/g, '$1 ')
        .trim()
        .split(' '),
    ).toEqual([
      '4553544201000100', // magic "ESTB", version 1, abi 1
      '0100000008000000', // one operation, eight bytes of data
      '00000000ffffffff', // no relocations, nobody to report to
      '0000000000000000',
      '0000090034120000', // sys, arguments: data and slot; number; destination
      '01000200ffff0000', // target, ignored errors
      '0000000000000000',
      '0000000000000000',
      'ffffffffffffffff',
      '0500000001000000',
      'ffffffffffffffff',
      '0000000000000000',
      '6162000000000000',
    ]);
  });

  it('says for which architecture it is', () => {
    const one = () => {
      const encoder = new Encoder();
      encoder.emit({ code: codes.alu });
      return encoder;
    };
    expect(disassemble(encode(one(), 'x64')).header.abi).toBe(1);
    expect(disassemble(encode(one(), 'arm64')).header.abi).toBe(2);
  });

  it.each([
    0n,
    1n,
    -1n,
    2n ** 31n,
    -(2n ** 31n),
    2n ** 32n - 1n,
    2n ** 53n - 1n,
    -(2n ** 53n) + 1n,
    2n ** 63n - 1n,
    -(2n ** 63n),
  ])('holds %s exactly, in arguments and in data', (value) => {
    const encoder = new Encoder();
    const small = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
    encoder.emit({ code: codes.alu, args: [value, small ? Number(value) : value] });
    encoder.word(encoder.reserve(8), small ? Number(value) : value);
    const { operations, data } = disassemble(encode(encoder));
    expect(operations[0]?.args.slice(0, 2).map((arg) => arg.value)).toEqual([value, value]);
    expect(data.readBigInt64LE(0)).toBe(value);
  });

  it('takes the upper half of 64 bits too', () => {
    const encoder = new Encoder();
    encoder.emit({ code: codes.alu, args: [2n ** 64n - 1n] });
    expect(disassemble(encode(encoder)).operations[0]?.args[0]?.value).toBe(-1n);
  });

  it.each([1.5, Number.NaN, Infinity, 2 ** 53, -(2 ** 60)])('refuses %s, which is no exact integer', (value) => {
    expect(() => new Encoder().emit({ code: codes.alu, args: [value] })).toThrow(/not a 64-bit integer/);
    const encoder = new Encoder();
    const at = encoder.reserve(8);
    expect(() => encoder.word(at, value)).toThrow(/not a 64-bit integer/);
  });

  it('stores the same text once, and different ones apart', () => {
    const encoder = new Encoder();
    expect(encoder.string('a')).toBe(encoder.string('a'));
    expect(encoder.string('b')).not.toBe(encoder.string('a'));
    encoder.emit({ code: codes.alu });
    expect(disassemble(encode(encoder)).data.toString().replace(/\0+$/, '')).toBe('a\0b');
  });

  it('refuses text with a NUL inside, of which the kernel would see a part', () => {
    expect(() => new Encoder().string('/etc\0/passwd')).toThrow(/a NUL byte inside "\/etc\\u0000\/passwd"/);
  });

  it('lists its relocations in rising order, as the interpreter requires', () => {
    const encoder = new Encoder();
    const [first, second] = [encoder.reserve(8), encoder.reserve(8)];
    encoder.pointer(second, first);
    encoder.pointer(first, second);
    encoder.emit({ code: codes.alu });
    const { relocations, data } = disassemble(encode(encoder));
    expect(relocations).toEqual([0, 8]);
    expect([data.readBigInt64LE(0), data.readBigInt64LE(8)]).toEqual([8n, 0n]);
  });

  it('grows to any number of operations and any amount of data up to its limits', () => {
    const encoder = new Encoder();
    for (let index = 0; index < NONE - 1; index++) encoder.emit({ code: codes.alu, args: [index] });
    expect(() => encoder.emit({ code: codes.alu })).toThrow('at most 65534 operations');
    const big = Buffer.alloc(1 << 20, 'x');
    const at = encoder.bytes(big);
    const { operations, data } = disassemble(encode(encoder));
    expect(operations.every(({ args }, index) => args[0]?.value === BigInt(index))).toBe(true);
    expect(data.subarray(at, at + big.length).equals(big)).toBe(true);
  });

  it.each([64 * 2 ** 20 + 1, 2 ** 32, 2 ** 40, -1])('refuses %s bytes of data', (size) => {
    expect(() => new Encoder().reserve(size)).toThrow(/a program has at most 67108864 bytes of data/);
  });

  it('ignores three errors at most, and has six arguments at most', () => {
    const encoder = new Encoder();
    encoder.emit({ code: codes.alu });
    expect(() => encoder.ignore(0, [1, 2, 3, 4])).toThrow(/three errors at most/);
    expect(() => encoder.emit({ code: codes.sys, args: [1, 2, 3, 4, 5, 6, 7] })).toThrow(/six arguments at most/);
  });

  it('holds nothing of the one before it', () => {
    const first = new Encoder();
    first.bytes(Buffer.alloc(100, 0xff));
    first.emit({ code: codes.sys, nr: 9, args: [1, 2, 3, 4, 5, 6] });
    encode(first);
    const second = new Encoder();
    second.reserve(104);
    second.emit({ code: codes.alu });
    const { operations, data } = disassemble(encode(second));
    expect(data.every((byte) => byte === 0)).toBe(true);
    expect(operations[0]?.args.every(({ value }) => value === 0n)).toBe(true);
  });

  it('is not disturbed by another that is made meanwhile', () => {
    const [outer, inner] = [new Encoder(), new Encoder()];
    outer.string('outer');
    inner.string('inner');
    for (const encoder of [outer, inner]) encoder.emit({ code: codes.alu });
    expect(disassemble(encode(inner)).data.toString()).toContain('inner');
    expect(disassemble(encode(outer)).data.toString()).toContain('outer');
  });
});
