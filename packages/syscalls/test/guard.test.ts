import { describe, expect, it } from 'vitest';
import { Guard } from '../src/guard.ts';
import { type Arg, syscall, words } from '../src/index.ts';

const check = (name: string, ...args: Arg[]) => new Guard().check(syscall(name, ...args));

describe('in this process', () => {
  it.each(
    'clone clone3 fork vfork execve execveat exit exit_group chdir fchdir chroot pivot_root umask setsid setpgid setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset seccomp personality landlock_restrict_self rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack brk munmap mremap mprotect set_tid_address set_robust_list arch_prctl rseq close_range dup2 dup3'.split(
      ' ',
    ),
  )('%s is refused', (name) => {
    expect(() => check(name)).toThrow(new RegExp(`^cannot perform ${name} in this process: .*; use launch$`));
  });

  it.each(['unshare', 'setns'])('%s is refused for namespaces without a way back', (name) => {
    const call = (flags: Arg) => (name === 'unshare' ? check(name, flags) : check(name, 3, flags));
    for (const flags of [0x20000, 0x10000000, 0x20000000, 0x80, 0x40000000 | 0x20000, 0x200, 0x400, -1])
      expect(() => call(flags), String(flags)).toThrow(TypeError);
    for (const flags of [0, undefined, 0x40000000n, '0x40000000', words(1), syscall('getpid'), Number.NaN])
      expect(() => call(flags), String(flags)).toThrow(TypeError);
    for (const flags of [0x40000000, 0x4000000, 0x8000000, 0x2000000, 0x40000000 | 0x8000000])
      expect(() => call(flags), String(flags)).not.toThrow();
  });

  it('prctl only reads', () => {
    for (const option of [1, 4, 8, 15, 22, 24, 28, 35, 38, 47, undefined, '4', syscall('getpid')])
      expect(() => check('prctl', option), String(option)).toThrow(TypeError);
    for (const option of [3, 16, 21, 39]) expect(() => check('prctl', option)).not.toThrow();
  });

  it('nobody waits for the children of Node', () => {
    expect(() => check('wait4', -1, 0, 0, 0)).toThrow(/the exit of a child that Node waits for/);
    expect(() => check('wait4', 0, 0, 0, 0)).toThrow(TypeError);
    expect(() => check('waitid', 0, 0, 0, 4, 0)).toThrow(TypeError);
    expect(() => check('waitid', 2, 0, 0, 4, 0)).toThrow(TypeError);
    expect(() => check('wait4', 77, 0, 0, 0)).not.toThrow();
    expect(() => check('waitid', 1, 77, 0, 4, 0)).not.toThrow();
    expect(() => check('waitid', 0, 0, 0, 4 | 0x1000000, 0)).not.toThrow();
  });

  it('anything else is let through', () => {
    for (const name of ['getpid', 'mount', 'openat', 'kill', 'toString']) expect(() => check(name)).not.toThrow();
  });

  it('only a program that leaves a namespace needs a way back', () => {
    const guard = new Guard();
    guard.check(syscall('getpid'));
    expect(guard.leaves).toBe(false);
    guard.check(syscall('setns', 3, 0x40000000));
    expect(guard.leaves).toBe(true);
  });
});
