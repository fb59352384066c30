import { describe, expect, it } from 'vitest';
import { compile } from '../src/compile.ts';
import {
  at,
  attempt,
  beginInCgroup,
  close,
  continueInChild,
  Fd,
  fail,
  fork,
  fscreate,
  fsopen,
  label,
  load,
  open,
  out,
  type Program,
  patch,
  pause,
  syscall,
  words,
} from '../src/index.ts';
import { disassemble, listing } from './disassemble.ts';

const list = (program: Program) => listing(compile(program, { arch: 'x64' }).program);

describe('a program', () => {
  it('becomes one operation a call, each with its own slot', () => {
    const file = open('/etc/hostname');
    expect(list([file, syscall('fchmod', file, 0o600), close(file)])).toEqual([
      '0: sys 257(-100, data 0, 524288)',
      '1: sys 91(slot 0, 384)',
      '2: sys 3(slot 0)',
    ]);
  });

  it('is the same whether its lists nest or not', () => {
    const [a, b, c] = [syscall('getpid'), syscall('getuid'), syscall('getgid')];
    function* generated() {
      yield b;
      yield [c];
    }
    expect(list([[a], [[generated()]]])).toEqual(list([a, b, c]));
  });

  it('has other numbers on another architecture', () => {
    const { program } = compile([syscall('openat', -100, '/', 0, 0)], { arch: 'arm64' });
    expect(listing(program)).toEqual(['0: sys 56(-100, data 0)']);
    expect(() => compile([syscall('open', '/')], { arch: 'arm64' })).toThrow(
      'no system call of that name on arm64: open',
    );
  });

  it('may be empty', () => {
    expect(list([])).toEqual(['0: alu()']);
  });

  it('puts bytes, words and texts into its data', () => {
    const name = Buffer.from('raw');
    const { program } = compile([syscall('writev', 1, words(name, 3, 'text', 4), 2)], { arch: 'x64' });
    const { data, relocations, operations } = disassemble(program);
    expect(operations[0]?.args[1]).toEqual({ kind: 'data', value: 0n });
    expect(relocations).toEqual([0, 16]);
    expect(data.readBigInt64LE(8)).toBe(3n);
    expect(data.toString('latin1', Number(data.readBigInt64LE(0))).slice(0, 3)).toBe('raw');
    expect(data.toString('latin1', Number(data.readBigInt64LE(16))).slice(0, 5)).toBe('text\0');
  });

  it('stores a result into words just before the call that is given them', () => {
    const socket = syscall('socket', 1, 1, 0);
    expect(list([socket, syscall('sendmsg', 5, words(socket, 7), 0)])).toEqual([
      '0: sys 41(1, 1)',
      '1: store 8(data 0, slot 0)',
      '2: sys 46(5, data 0)',
    ]);
  });

  it('loads and patches memory, where it is told or at first use', () => {
    const memory = out(16);
    const count = load(memory, 4);
    expect(list([syscall('read', 0, memory, 16), syscall('exit_group', count), syscall('exit_group', count)])).toEqual([
      '0: sys 0(0, data 0, 16)',
      '1: load 4(data 4)',
      '2: sys 231(slot 1)',
      '3: sys 231(slot 1)',
    ]);
    expect(list([patch(memory, 8, 7, 2), syscall('write', 1, at(memory, 8), 2)])).toEqual([
      '0: store 2(data 8, 7)',
      '1: sys 1(1, data 8, 2)',
    ]);
  });

  it('leaves a part at an error that the part tolerates', () => {
    expect(list([attempt([syscall('getuid'), syscall('getgid')], ['ENOENT', 'EPERM']), syscall('getpid')])).toEqual([
      '0: sys 102() unless 2, 1 → 2',
      '1: sys 104() unless 2, 1 → 2',
      '2: sys 39()',
    ]);
  });

  it('tolerates anything with *', () => {
    expect(list([attempt([syscall('getuid')], ['*'])])).toEqual(['0: sys 102() unless 65535 → 1']);
  });

  it('leaves the innermost part that tolerates the error', () => {
    const inner = attempt([syscall('getuid')], ['ENOENT']);
    expect(list([attempt([inner, syscall('getgid')], ['EPERM']), syscall('getpid')])).toEqual([
      '0: sys 102() unless 65535 → 4',
      '1: sys 104() unless 1 → 2',
      '2: sys 39()',
      '3: jmp() → 7',
      '4: jmp 1(slot 0, -2) → 1',
      '5: jmp 1(slot 0, -1) → 2',
      '6: fail(slot 0, data 0, 512)',
    ]);
  });

  it('tolerates more errors than fit into one operation', () => {
    expect(list([attempt([syscall('getuid')], ['EPERM', 'ENOENT', 'ESRCH', 'EINTR'])])).toEqual([
      '0: sys 102() unless 65535 → 2',
      '1: jmp() → 7',
      '2: jmp 1(slot 0, -1) → 1',
      '3: jmp 1(slot 0, -2) → 1',
      '4: jmp 1(slot 0, -3) → 1',
      '5: jmp 1(slot 0, -4) → 1',
      '6: fail(slot 0, data 0, 512)',
    ]);
  });

  it('reads the kernel log of a context before it reports a failure', () => {
    const context = fsopen('proc');
    expect(list([context, fscreate(context)])).toEqual([
      '0: sys 430(data 0, 1)',
      '1: sys 431(slot 0, 6) unless 65535 → 3',
      '2: jmp() → 6',
      '3: sys 0(slot 0, data 8, 255) unless 65535',
      '4: sys 0(slot 0, data 264, 255) unless 65535',
      '5: fail(slot 1, data 8, 512, 1)',
    ]);
  });

  it('knows for each operation what it came from', () => {
    const call = syscall('getpid');
    const { origins, slots } = compile([label('outer', [label('inner', call)]), label('other', syscall('getuid'))]);
    expect(origins).toEqual([
      { call, step: 'inner' },
      { call: syscall('getuid'), step: 'other' },
    ]);
    expect(slots.get(call)).toBe(0);
  });

  it('ends with an error of its own', () => {
    const { program, messages } = compile([fail('ENOENT', 'nothing to do')]);
    expect(listing(program)).toEqual(['0: fail(2, data 0)']);
    expect(messages.get(0)).toBe('nothing to do');
  });

  it('passes the numbers of descriptors, and says which it uses', () => {
    const { program, descriptors } = compile([
      syscall('close', new Fd(17)),
      syscall('sendmsg', 1, words(new Fd(18)), 0),
    ]);
    expect(listing(program)[0]).toBe('0: sys 3(17)');
    expect(descriptors).toEqual(new Set([17, 18]));
  });
});

describe('a launched program', () => {
  const launched = (program: Program, dieWithParent = false) =>
    listing(compile(program, { arch: 'x64', reportFd: 9, dieWithParent }).program);

  it('first marks all descriptors, resets two signals, and hides itself', () => {
    expect(launched([])).toEqual([
      '0: sys 436(3, 4294967295, 4)',
      '1: sys 13(32, data 0, 0, 8)',
      '2: sys 13(33, data 0, 0, 8)',
      '3: sys 157(4)',
    ]);
  });

  it('stays visible until its id maps are written, where it makes a user namespace', () => {
    expect(launched([continueInChild('user')])[3]).toBe('3: alu()');
    expect(launched([syscall('unshare', 0x10000000)])[3]).toBe('3: alu()');
    expect(launched([continueInChild('mount')])[3]).toBe('3: sys 157(4)');
  });

  it('goes on in a child of its parent, and tells its number', () => {
    const clone = launched([continueInChild('pid', 'mount'), syscall('getpid')]).slice(4);
    expect(clone).toEqual([
      '4: sys 435(data 32, 88)',
      '5: jmp 1(slot 4) → 9',
      '6: store 4(data 128, slot 4)',
      '7: sys 44(9, data 120, 24, 16384)',
      '8: sys 231()',
      '9: sys 39()',
    ]);
    const { data } = disassemble(compile([continueInChild('pid', 'mount')], { arch: 'x64', reportFd: 9 }).program);
    const [CLONE_NEWPID, CLONE_NEWNS, CLONE_PARENT] = [0x20000000, 0x20000, 0x8000];
    expect(data.readBigInt64LE(32)).toBe(BigInt(CLONE_NEWPID + CLONE_NEWNS + CLONE_PARENT));
    expect(data.readBigInt64LE(64)).toBe(0n);
  });

  describe('a process that begins in a cgroup', () => {
    const cgroup = open('/cg', ['path', 'directory']);
    const compiled = (...steps: Program[]) =>
      compile([cgroup, beginInCgroup(cgroup), ...steps], { arch: 'x64', reportFd: 9 });

    it('is the next one that the program goes on in', () => {
      const { program, hops } = compiled([continueInChild('pid')]);
      const { data, operations } = disassemble(program);
      expect(hops).toBe(1);
      const clone = operations.find(({ nr }) => nr === 435);
      const at = Number(clone?.args[0]?.value);
      const [CLONE_INTO_CGROUP, CLONE_NEWPID, CLONE_PARENT] = [0x200000000, 0x20000000, 0x8000];
      expect(data.readBigInt64LE(at)).toBe(BigInt(CLONE_INTO_CGROUP + CLONE_NEWPID + CLONE_PARENT));
      const store = operations.find(({ code, args }) => code === 'store' && Number(args[0]?.value) === at + 80);
      expect(store?.args[1]?.kind).toBe('slot');
    });

    it('is made for it when anything else comes next', () => {
      expect(compiled([syscall('getpid')], [syscall('getpid')]).hops).toBe(1);
      expect(compiled([fork([syscall('getpid')])]).hops).toBe(1);
      expect(compiled([label('later', [attempt([syscall('getpid')], ['*'])])], [continueInChild('pid')]).hops).toBe(2);
    });
  });

  it('asks for the signal of its parent’s death at the start, in each child, and before it executes', () => {
    const death = (line: string) => / sys 157\(1, 9\)/.test(line);
    const marks = launched([continueInChild(), fork([syscall('getpid')]), syscall('execve', '/a', 0, 0)], true);
    expect(marks.filter(death)).toHaveLength(4);
    expect(marks.at(-2)).toMatch(/ sys 157\(1, 9\)/);
    expect(launched([continueInChild(), syscall('execve', '/a', 0, 0)]).filter(death)).toEqual([]);
  });

  it('waits at a pause for an answer of known size', () => {
    const answer = out(32);
    expect(launched([pause('ready'), pause('data', answer)]).slice(4)).toEqual([
      '4: store 4(data 40)',
      '5: sys 44(9, data 32, 24, 16384)',
      '6: sys 45(9, data 56, 1, 256)',
      '7: jmp 1(slot 6, 1) → 9',
      '8: fail(104, data 0, 0, 6)',
      '9: store 4(data 72, 1)',
      '10: sys 44(9, data 64, 24, 16384)',
      '11: sys 45(9, data 88, 32, 256)',
      '12: jmp 1(slot 11, 32) → 14',
      '13: fail(104, data 0, 0, 11)',
    ]);
  });

  it('has a second process that ends with its part, whose failures do not lead back into the first', () => {
    const child = fork([syscall('getuid')]);
    expect(launched([attempt([child, syscall('kill', child, 9)], ['ESRCH'])]).slice(4)).toEqual([
      '4: sys 435(data 32, 88)',
      '5: jmp 2(slot 4) → 8',
      '6: sys 102()',
      '7: sys 231()',
      '8: sys 62(slot 4, 9) unless 3 → 9',
    ]);
  });
});

describe('what cannot be meant', () => {
  it.each<[string, () => Program, RegExp]>([
    [
      'a result before its call',
      () => [close(open('/'))],
      /the result of openat is used by close, but openat does not come before it/,
    ],
    ['an inherited name', () => [syscall('toString')], /no system call of that name on .*: toString/],
    ['an unknown call', () => [syscall('frobnicate')], /no system call of that name on .*: frobnicate/],
    ['a NUL in a path', () => [open('a\0b')], /a NUL byte inside/],
    ['an unknown error', () => [attempt([], ['ENONSENSE'])], /not the name of an error: ENONSENSE/],
    ['a fraction', () => [syscall('close', 1.5)], /not a 64-bit integer: 1.5/],
    ['memory beyond its end', () => [syscall('read', 0, at(out(4), 5), 1)], /0 bytes at offset 5 of 4 bytes/],
    ['a load that reaches over the end', () => [load(out(4), 2, 4)], /4 bytes at offset 2 of 4 bytes/],
    ['a patch that reaches over the end', () => [patch(out(4), 0, 1, 8)], /8 bytes at offset 0 of 4 bytes/],
    ['no step', () => [{} as never], /not a step: \{\}/],
    ['a text as a step', () => ['mount' as never], /not a step: "mount"/],
    ['seven arguments', () => [syscall('mmap', 1, 2, 3, 4, 5, 6, 7)], /six arguments at most/],
    ['an argument of no known kind', () => [syscall('close', {} as never)], /close cannot be given \{\}/],
    [
      'a child inside a new pid namespace',
      () => [continueInChild('pid'), continueInChild()],
      /inside a new pid namespace/,
    ],
    [
      'a child after joining a pid namespace',
      () => [syscall('setns', 3, 0x20000000), continueInChild(), continueInChild()],
      /inside a new pid namespace/,
    ],
    ['going on inside a fork', () => [fork([continueInChild()])], /inside a fork/],
  ])('%s is refused', (_, program, message) => {
    expect(() => compile(program(), { reportFd: 9 })).toThrow(message);
  });
});
