import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const platform = Object.getOwnPropertyDescriptor(process, 'platform') as PropertyDescriptor;
const arch = Object.getOwnPropertyDescriptor(process, 'arch') as PropertyDescriptor;

describe.each(['darwin', 'win32'])('on %s', (name) => {
  beforeEach(() => {
    vi.resetModules();
    Object.defineProperty(process, 'platform', { ...platform, value: name });
    vi.doMock('ffi-rs', () => {
      throw new Error('ffi-rs was loaded');
    });
  });
  afterEach(() => {
    Object.defineProperty(process, 'platform', platform);
    vi.doUnmock('ffi-rs');
  });

  it('programs are made and explained', async () => {
    const { explain, attempt, command, fail, mount, syscallNumbers } = await import('../src/index.ts');
    expect(explain([attempt([mount({ target: '/' })], ['EPERM']), command(['ls']), fail('EINVAL', 'no')])).toContain(
      'mount(',
    );
    expect(syscallNumbers('x64').read).toBe(0);
  });

  it('nothing is run, and the reason is said', async () => {
    const { launch, perform, preload, syscall } = await import('../src/index.ts');
    expect(() => perform([syscall('getpid')])).toThrow(`cannot perform system calls on ${name}: Linux only`);
    await expect(launch([])).rejects.toThrow(`cannot launch a process on ${name}: Linux only`);
    expect(() => preload()).toThrow(`on ${name}: Linux only`);
  });

  it('error codes have their Linux numbers', async () => {
    const { compile } = await import('../src/compile.ts');
    const { attempt, syscall } = await import('../src/index.ts');
    const { disassemble } = await import('./disassemble.ts');
    const { program } = compile([attempt([syscall('getpid')], ['EAGAIN', 'ENOSYS', 'ELOOP'])], { arch: 'x64' });
    expect(disassemble(program).operations[0]?.ignore).toEqual([11, 38, 40]);
  });
});

it('on a machine without a calling convention of ours, nothing is run', async () => {
  const { perform, syscall } = await import('../src/index.ts');
  Object.defineProperty(process, 'arch', { ...arch, value: 'riscv64' });
  try {
    expect(() => perform([syscall('getpid')])).toThrow(/: x64 and arm64 only|Linux only/);
  } finally {
    Object.defineProperty(process, 'arch', arch);
  }
});
