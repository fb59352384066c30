import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { requires } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { compile } from '../../src/compile.ts';
import { attempt, load, open, out, type Program, patch, syscall } from '../../src/index.ts';

const launcher = fileURLToPath(new URL('../../native/linux-arm64/launcher', import.meta.url));
const emulator = 'qemu-aarch64-static';

async function emulated(program: Program): Promise<{ exitCode: number; stdout: string }> {
  const { program: bytes } = compile(program, { arch: 'arm64' });
  const child = spawn(emulator, [launcher, '3'], { stdio: ['ignore', 'pipe', 'inherit', 'pipe'], timeout: 15_000 });
  (child.stdio[3] as Writable).end(bytes);
  const [[exitCode], stdout] = await Promise.all([once(child, 'close'), text(child.stdout as never)]);
  return { exitCode, stdout };
}

requires({ command: ['aarch64-linux-gnu-gcc', emulator], path: launcher })('on arm64, emulated', () => {
  it('a program runs: results, memory, tolerated errors and exit', async () => {
    const ends = out(8);
    const bytes = out(5);
    const program = [
      syscall('pipe2', ends, 0),
      syscall('write', load(ends, 4), 'hello', 5),
      syscall('read', load(ends, 0), bytes, 5),
      patch(bytes, 0, 0x4a, 1),
      syscall('write', 1, bytes, 5),
      attempt([open('/nowhere'), syscall('exit_group', 1)], ['ENOENT']),
      syscall('exit_group', 42),
    ];
    expect(await emulated(program)).toEqual({ exitCode: 42, stdout: 'Jello' });
  });

  it('a failure ends it', async () => {
    expect(await emulated([open('/nowhere'), syscall('exit_group', 0)])).toEqual({ exitCode: 125, stdout: '' });
  });

  it('a program for x64 is refused', async () => {
    const { program } = compile([syscall('exit_group', 0)], { arch: 'x64' });
    const child = spawn(emulator, [launcher, '3'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'], timeout: 15_000 });
    (child.stdio[3] as Writable).on('error', () => undefined).end(program);
    expect(await once(child, 'close')).toEqual([125, null]);
  });
});
