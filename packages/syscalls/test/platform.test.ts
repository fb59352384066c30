import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { syscallNumbers } from '../src/index.ts';

describe('system call numbers', () => {
  it('are those of each architecture', () => {
    expect(syscallNumbers('x64')).toMatchObject({ read: 0, openat: 257, execve: 59, mount_setattr: 442, clone3: 435 });
    expect(syscallNumbers('arm64')).toMatchObject({
      read: 63,
      openat: 56,
      execve: 221,
      mount_setattr: 442,
      clone3: 435,
    });
  });

  it('are the same on all architectures from 424 on, but for what one of them lacks', () => {
    const recent = (arch: 'x64' | 'arm64') =>
      Object.entries(syscallNumbers(arch))
        .filter(([name, number]) => number >= 424 && number < 512 && name !== 'map_shadow_stack')
        .sort();
    expect(recent('x64')).toEqual(recent('arm64'));
    expect(recent('x64').length).toBeGreaterThan(30);
  });

  it('are each given once', () => {
    for (const arch of ['x64', 'arm64'] as const) {
      const numbers = Object.values(syscallNumbers(arch));
      expect(new Set(numbers).size).toBe(numbers.length);
    }
  });

  it('on arm64 have none of the calls that take no directory', () => {
    for (const name of ['open', 'dup2', 'fork', 'pipe', 'poll', 'mknod', 'mkdir', 'unlink', 'chown'])
      expect(syscallNumbers('arm64')[name], name).toBeUndefined();
  });

  it.each([
    ['x64', 'cc'],
    ['arm64', 'aarch64-linux-gnu-gcc'],
  ] as const)('of %s are those of the C library’s headers', (arch, compiler) => {
    const source = `#include <sys/syscall.h>\n${Object.keys(syscallNumbers(arch))
      .map((name) => `\n#ifdef __NR_${name}\nestiba ${name} __NR_${name}\n#endif`)
      .join('')}\n`;
    const { status, stdout } = spawnSync(compiler, ['-E', '-P', '-'], { input: source, encoding: 'utf8' });
    if (status !== 0 || (arch === 'x64' && process.arch !== 'x64')) return;
    const lines = [...stdout.matchAll(/^estiba (\w+) (\d+)$/gm)];
    expect(lines.length).toBeGreaterThan(250);
    for (const [, name, number] of lines) expect(syscallNumbers(arch)[name as string], name).toBe(Number(number));
  });
});
