import { syscallNumbers } from '@estiba/syscalls';
import { describe, expect, it } from 'vitest';
import { opcodes } from '../../src/seccomp/assembler.ts';
import { compileSeccomp } from '../../src/seccomp/compile.ts';
import { dockerSeccompProfile } from '../../src/seccomp/docker-profile.ts';
import { decodeInstructions, type Instruction } from '../../src/seccomp/instructions.ts';
import type { SeccompProfile, SeccompRule } from '../../src/seccomp/profile.ts';
import { simulateSeccomp } from '../../src/seccomp/simulate.ts';
import { evaluateNaively } from './naive-filter.ts';
import { Random } from './random.ts';

const x64 = syscallNumbers('x64');

const allCalls = Object.keys(x64);
const operators = ['EQ', 'NE', 'LT', 'LE', 'GT', 'GE', 'MASKED_EQ'].map((name) => `SCMP_CMP_${name}`);
const actions = ['ALLOW', 'ERRNO', 'KILL', 'KILL_PROCESS', 'TRAP', 'TRACE', 'LOG'].map((name) => `SCMP_ACT_${name}`);

const compile = (profile: SeccompProfile) => compileSeccomp(profile, { arch: 'x64' });
const count = (profile: SeccompProfile) => compile(profile).instructions.length / 8;

function randomProfile(
  random: Random,
  { rules = 1 + random.below(40), values = random.below(3) } = {},
): SeccompProfile {
  // Few values, so that the arguments of a call meet those of the rules.
  const pool = Array.from({ length: 2 + values }, () => random.word());
  const rule = (): SeccompRule => ({
    names: Array.from({ length: 1 + random.below(12) }, () => random.pick(allCalls)),
    action: random.pick(actions),
    ...(random.below(2) ? { errnoRet: random.below(100) } : {}),
    args: Array.from({ length: random.below(4) }, () => ({
      index: random.below(6),
      value: random.pick(pool),
      valueTwo: random.pick(pool),
      op: random.pick(operators),
    })),
  });
  return { defaultAction: random.pick(actions), syscalls: Array.from({ length: rules }, rule) };
}

function wordsOf(profile: SeccompProfile): bigint[] {
  return (profile.syscalls ?? []).flatMap(({ args = [] }) =>
    args.flatMap(({ value, valueTwo = 0 }) => [BigInt(value), BigInt(valueTwo), BigInt(value) + 1n]),
  );
}

function expectSame(profile: SeccompProfile, random: Random, tries: number): void {
  const filter = compile(profile);
  const numbers = [...new Set(Object.values(x64)), 334, 350, 470, 500, 100_000, 0x4000_0000, 0x4000_0003, 0xffff_ffff];
  const words = [...wordsOf(profile), 0n, 1n];
  for (const number of numbers) {
    for (let attempt = 0; attempt < tries; attempt++) {
      const args = Array.from({ length: 6 }, () =>
        BigInt.asUintN(64, random.below(3) ? random.pick(words) : random.word()),
      );
      const simulated = simulateSeccomp(filter, { syscall: number, args });
      const expected = evaluateNaively(profile, number, args);
      if (simulated.action !== expected.action || simulated.errno !== expected.errno) {
        expect({ number, args, ...simulated }).toEqual({ number, args, ...expected });
      }
    }
  }
}

/** How many comparisons of the number are made before an argument is looked at or the filter returns. */
function comparisonsOf(instructions: Uint8Array, number: number): number {
  const list = decodeInstructions(instructions);
  let comparisons = 0;
  let word = 0;
  for (let at = 0; ; ) {
    const { code, yes, no, k } = list[at++] as Instruction;
    if (code === opcodes.return || (code === opcodes.load && k >= 16)) return comparisons;
    if (code === opcodes.load) word = k === 0 ? number : 0xc000_003e;
    else if (code === opcodes.jump) at += k;
    else {
      at += (code === opcodes.equal ? word === k : word >= k) ? yes : no;
      if (word === number) comparisons++;
    }
  }
}

describe('a compiled filter', () => {
  it.each(Array.from({ length: 60 }, (_, seed) => seed))(
    'decides like the profile it comes from (random profile %i)',
    (seed) => {
      const random = new Random(seed);
      expectSame(randomProfile(random), random, 3);
    },
  );

  it('decides like Docker’s profile, with any capabilities', () => {
    const random = new Random(99);
    expectSame(dockerSeccompProfile(), random, 20);
    expectSame(dockerSeccompProfile([]), random, 5);
    expectSame(dockerSeccompProfile(['CAP_SYS_ADMIN', 'CAP_SYS_PTRACE', 'CAP_BPF']), random, 5);
  });

  it('decides like its profile when its jumps are too long for 8 bits', () => {
    const random = new Random(7);
    const profile = randomProfile(random, { rules: 100, values: 30 });
    expect(count(profile)).toBeGreaterThan(2000);
    expectSame(profile, random, 4);
  });

  it('reaches far with a single rule of many alternatives', () => {
    const values = Array.from({ length: 600 }, (_, index) => index * 3);
    const profile: SeccompProfile = {
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: [
        {
          names: ['socket'],
          action: 'SCMP_ACT_ALLOW',
          args: values.map((value) => ({ index: 0, value, op: 'SCMP_CMP_EQ' })),
        },
      ],
    };
    const filter = compile(profile);
    expect(filter.instructions.length / 8).toBeLessThan(650);
    for (let value = 0; value < 1810; value++) {
      const expected = value % 3 === 0 && value < 1800 ? 'SCMP_ACT_ALLOW' : 'SCMP_ACT_ERRNO';
      expect(simulateSeccomp(filter, { syscall: 'socket', args: [value] }).action).toBe(expected);
    }
  });

  it('ends with a return and jumps only inside itself', () => {
    for (let seed = 0; seed < 30; seed++) {
      const list = decodeInstructions(compile(randomProfile(new Random(seed), { rules: 40, values: 9 })).instructions);
      for (const [at, { code, yes, no, k }] of list.entries()) {
        const jump = code === opcodes.jump ? k : Math.max(yes, no);
        expect(at + 1 + jump).toBeLessThan(code === opcodes.return ? list.length + 1 : list.length);
      }
      expect(list.at(-1)?.code).toBe(opcodes.return);
    }
  });

  it('finds what Docker’s profile says about a call in at most nine comparisons', () => {
    const { instructions } = compile(dockerSeccompProfile());
    const depths = Object.values(x64).map((number) => comparisonsOf(instructions, number));
    expect(Math.min(...depths)).toBeGreaterThan(3);
    expect(Math.max(...depths)).toBeLessThanOrEqual(9);
  });

  it('is the same bytes each time', () => {
    const twice = [compile(dockerSeccompProfile()), compile(dockerSeccompProfile())] as const;
    expect(twice[0].instructions).toEqual(twice[1].instructions);
  });
});

describe('the way into the kernel', () => {
  const deny: SeccompProfile = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['mount'], action: 'SCMP_ACT_ERRNO', errnoRet: 13 }],
  };

  it('kills a 32-bit call when the profile lists no 32-bit architecture', () => {
    const call = { syscall: 21, architecture: 0x4000_0003 };
    expect(simulateSeccomp(compile(deny), call)).toEqual({ action: 'SCMP_ACT_KILL_PROCESS' });
  });

  it('counts 32-bit calls by their own table when the profile lists them', () => {
    const filter = compile({ ...deny, architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'] });
    // 21 is mount there and access here; 165 is getresuid there and mount here.
    const answer = (syscall: number, architecture: number) => simulateSeccomp(filter, { syscall, architecture }).action;
    expect(answer(21, 0x4000_0003)).toBe('SCMP_ACT_ERRNO');
    expect(answer(165, 0x4000_0003)).toBe('SCMP_ACT_ALLOW');
    expect(answer(21, 0xc000_003e)).toBe('SCMP_ACT_ALLOW');
    expect(answer(165, 0xc000_003e)).toBe('SCMP_ACT_ERRNO');
  });

  it('means by -1 the -1 of a 32-bit program, too', () => {
    const args = [{ index: 0, value: 0xffff_ffff_ffff_ffffn, op: 'SCMP_CMP_EQ' }];
    const filter = compile({
      defaultAction: 'SCMP_ACT_ALLOW',
      architectures: ['SCMP_ARCH_X86'],
      syscalls: [{ names: ['setuid'], action: 'SCMP_ACT_ERRNO', args }],
    });
    const x86 = (value: bigint) =>
      simulateSeccomp(filter, { syscall: 23, args: [value], architecture: 0x4000_0003 }).action;
    expect(x86(0xffff_ffffn)).toBe('SCMP_ACT_ERRNO');
    expect(x86(0xffff_fffen)).toBe('SCMP_ACT_ALLOW');
    expect(simulateSeccomp(filter, { syscall: 'setuid', args: [0xffff_ffffn] }).action).toBe('SCMP_ACT_ALLOW');
    expect(simulateSeccomp(filter, { syscall: 'setuid', args: [-1n] }).action).toBe('SCMP_ACT_ERRNO');
  });

  describe('of a 32-bit call that stands for many', () => {
    const x86 = (profile: SeccompProfile, syscall: number, ...args: number[]) =>
      simulateSeccomp(compile({ ...profile, architectures: ['SCMP_ARCH_X86'] }), {
        syscall,
        args,
        architecture: 0x4000_0003,
      }).action;
    const [socketcall, ipc] = [102, 117];

    it('leads to no call that is forbidden', () => {
      const forbid = (name: string, args: SeccompRule['args'] = []): SeccompProfile => ({
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: [name], action: 'SCMP_ACT_ERRNO', args }],
      });
      const vsock = [{ index: 0, value: 40, op: 'SCMP_CMP_EQ' }];
      expect(x86(forbid('socket'), socketcall, 1)).toBe('SCMP_ACT_ERRNO');
      expect(x86(forbid('socket', vsock), socketcall, 1)).toBe('SCMP_ACT_ERRNO');
      expect(x86(forbid('socket'), socketcall, 2)).toBe('SCMP_ACT_ALLOW');
      expect(x86(forbid('shmget'), ipc, 23)).toBe('SCMP_ACT_ERRNO');
      expect(x86(forbid('shmget'), ipc, (1 << 16) | 23)).toBe('SCMP_ACT_ERRNO');
    });

    it('leads to a call that is allowed whatever its arguments', () => {
      const allow = (name: string, args: SeccompRule['args'] = []): SeccompProfile => ({
        defaultAction: 'SCMP_ACT_ERRNO',
        syscalls: [{ names: [name], action: 'SCMP_ACT_ALLOW', args }],
      });
      expect(x86(allow('bind'), socketcall, 2)).toBe('SCMP_ACT_ALLOW');
      expect(x86(allow('bind'), socketcall, 1)).toBe('SCMP_ACT_ERRNO');
      expect(x86(allow('socket', [{ index: 0, value: 2, op: 'SCMP_CMP_EQ' }]), socketcall, 1)).toBe('SCMP_ACT_ERRNO');
    });
  });

  it('does not let an x32 number around a list of forbidden calls', () => {
    const x32 = { syscall: 0x4000_0000 + 165 };
    expect(simulateSeccomp(compile(deny), x32)).toEqual({ action: 'SCMP_ACT_ERRNO', errno: 38 });
  });

  it('kills a call of another machine', () => {
    const filter = compile({ ...deny, architectures: ['SCMP_ARCH_S390X', 'SCMP_ARCH_AARCH64'] });
    expect(simulateSeccomp(filter, { syscall: 1, architecture: 0xc000_00b7 }).action).toBe('SCMP_ACT_KILL_PROCESS');
  });

  it('is compiled for arm64 on any machine', () => {
    const filter = compileSeccomp(
      { ...deny, architectures: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'] },
      { arch: 'arm64' },
    );
    expect(simulateSeccomp(filter, { syscall: 'mount' })).toEqual({ action: 'SCMP_ACT_ERRNO', errno: 13 });
    expect(simulateSeccomp(filter, { syscall: 40 }).errno).toBe(13);
    expect(simulateSeccomp(filter, { syscall: 21, architecture: 0x4000_0028 }).errno).toBe(13);
    expect(simulateSeccomp(filter, { syscall: 21, architecture: 0xc000_003e }).action).toBe('SCMP_ACT_KILL_PROCESS');
  });
});

describe('a rule', () => {
  const allowUname = (rule: Partial<SeccompRule>, action = 'SCMP_ACT_ERRNO') =>
    compile({ defaultAction: action, syscalls: [{ names: ['uname'], action: 'SCMP_ACT_ALLOW', ...rule }] });

  it('counts before those after it', () => {
    const filter = compile({
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [
        { names: ['kill'], action: 'SCMP_ACT_ERRNO', errnoRet: 3, args: [{ index: 1, value: 9, op: 'SCMP_CMP_EQ' }] },
        { names: ['kill'], action: 'SCMP_ACT_LOG' },
        { names: ['kill'], action: 'SCMP_ACT_KILL_PROCESS' },
      ],
    });
    expect(simulateSeccomp(filter, { syscall: 'kill', args: [1, 9] })).toEqual({ action: 'SCMP_ACT_ERRNO', errno: 3 });
    expect(simulateSeccomp(filter, { syscall: 'kill', args: [1, 15] })).toEqual({ action: 'SCMP_ACT_LOG' });
  });

  it('with a value of an argument keeps its own answer beside one with another value', () => {
    const rule = (value: number, errnoRet: number): SeccompRule => ({
      names: ['kill'],
      action: 'SCMP_ACT_ERRNO',
      errnoRet,
      args: [{ index: 1, value, op: 'SCMP_CMP_EQ' }],
    });
    const filter = compile({
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [rule(1, 11), rule(2, 11), rule(3, 33), rule(2, 44)],
    });
    const errnos = [1, 2, 3, 4].map((value) => simulateSeccomp(filter, { syscall: 'kill', args: [0, value] }).errno);
    expect(errnos).toEqual([11, 11, 33, undefined]);
  });

  it('skips names that this machine does not have', () => {
    const filter = allowUname({ names: ['no_such_call', 'uname', '__proto__', 'toString', 'constructor'] });
    expect(simulateSeccomp(filter, { syscall: 'uname' }).action).toBe('SCMP_ACT_ALLOW');
    expect(simulateSeccomp(filter, { syscall: 'read' }).action).toBe('SCMP_ACT_ERRNO');
  });

  it('sees the high half of an argument', () => {
    const filter = allowUname({ args: [{ index: 5, value: 0x1_0000_0007n, op: 'SCMP_CMP_EQ' }] });
    expect(simulateSeccomp(filter, { syscall: 'uname', args: [0, 0, 0, 0, 0, 7] }).action).toBe('SCMP_ACT_ERRNO');
    expect(simulateSeccomp(filter, { syscall: 'uname', args: [0, 0, 0, 0, 0, 0x1_0000_0007n] }).action).toBe(
      'SCMP_ACT_ALLOW',
    );
  });
});

describe('a call that is younger than the profile', () => {
  const profile = (defaultAction: string, names: string[]): SeccompProfile => ({
    defaultAction,
    defaultErrnoRet: 1,
    syscalls: [{ names, action: 'SCMP_ACT_ALLOW' }],
  });

  it('does not exist where the default is an errno', () => {
    const filter = compile(profile('SCMP_ACT_ERRNO', ['read', 'openat2']));
    expect(simulateSeccomp(filter, { syscall: 'mseal' })).toEqual({ action: 'SCMP_ACT_ERRNO', errno: 38 });
    expect(simulateSeccomp(filter, { syscall: 436 }).errno).toBe(1);
  });

  it('is refused plainly when it has existed since before Linux 5.1', () => {
    const filter = compile(profile('SCMP_ACT_ERRNO', ['read']));
    expect(simulateSeccomp(filter, { syscall: 'statx' })).toEqual({ action: 'SCMP_ACT_ERRNO', errno: 1 });
    expect(simulateSeccomp(filter, { syscall: 424 }).errno).toBe(38);
  });

  it('is killed where the default is to kill', () => {
    const filter = compile(profile('SCMP_ACT_KILL_PROCESS', ['read']));
    expect(simulateSeccomp(filter, { syscall: 'mseal' }).action).toBe('SCMP_ACT_KILL_PROCESS');
  });
});

describe('a profile that cannot be compiled', () => {
  const rule = (part: object) =>
    ({
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['read'], action: 'SCMP_ACT_LOG', ...part }],
    }) as SeccompProfile;
  const argument = (part: object) => rule({ args: [{ index: 0, value: 1, op: 'SCMP_CMP_EQ', ...part }] });

  it.each([
    ['defaultAction', { defaultAction: 'SCMP_ACT_MAYBE' }],
    ['defaultErrnoRet', { defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 4096 }],
    ['syscalls', { defaultAction: 'SCMP_ACT_ALLOW', syscalls: {} as never }],
    ['syscalls[0].action', rule({ action: 'ALLOW' })],
    ['syscalls[0].names', rule({ names: 'read' })],
    ['syscalls[0].names[1]', rule({ names: ['read', 7] })],
    ['syscalls[0].errnoRet', rule({ action: 'SCMP_ACT_ERRNO', errnoRet: -1 })],
    ['syscalls[0].args[0].index', argument({ index: 6 })],
    ['syscalls[0].args[0].op', argument({ op: 'SCMP_CMP_LIKE' })],
    ['syscalls[0].args[0].value', argument({ value: 2 ** 60 + 0.5 })],
    ['syscalls[0].args[0].value', argument({ value: -1 })],
    ['syscalls[0].args[0].value', argument({ value: 1n << 64n })],
    ['syscalls[0].args[0].valueTwo', argument({ valueTwo: 1.5 })],
    ['architectures[0]', { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['amd64'] }],
    ['flags[0]', { defaultAction: 'SCMP_ACT_ALLOW', flags: ['TSYNC'] }],
  ] as [string, SeccompProfile][])('is refused with the place: %s', (path, profile) => {
    expect(() => compile(profile)).toThrow(expect.objectContaining({ code: 'SECCOMP_INVALID', path }));
  });

  it('is refused when it needs more instructions than the kernel takes', () => {
    const profile = randomProfile(new Random(3), { rules: 700, values: 50 });
    expect(() => compile(profile)).toThrow(expect.objectContaining({ code: 'SECCOMP_TOO_LONG' }));
  });

  it('is refused on a machine without a table', () => {
    const arch = Object.getOwnPropertyDescriptor(process, 'arch') as PropertyDescriptor;
    Object.defineProperty(process, 'arch', { ...arch, value: 's390x' });
    try {
      expect(() => compileSeccomp({ defaultAction: 'SCMP_ACT_ALLOW' })).toThrow(
        expect.objectContaining({ code: 'ARCHITECTURE_UNSUPPORTED' }),
      );
    } finally {
      Object.defineProperty(process, 'arch', arch);
    }
  });
});
