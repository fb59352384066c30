import { requires, scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { chdir, command, execve, label, launch, syscall } from '../../src/index.ts';
import { finished, output, shell } from './finished.ts';

requires({ on: ['host', 'uml'] })('a launched command', () => {
  it.each([0, 1, 7, 125, 255])('ends with exit code %i', async (exitCode) => {
    expect((await finished(shell('exit $1', String(exitCode)))).status).toEqual({ exitCode, signal: null });
  });

  it.each(['SIGKILL', 'SIGTERM', 'SIGSEGV', 'SIGPIPE', 'SIGHUP'] as const)('is ended by %s', async (signal) => {
    expect((await finished(shell('kill -s $1 $$', signal.slice(3)))).status).toEqual({ exitCode: null, signal });
  });

  it.each([34, 64])('is ended by real-time signal %i, which has no name', async (number) => {
    expect((await finished(shell(`kill -${number} $$`))).status).toEqual({ exitCode: null, signal: `SIG${number}` });
  });

  it('gets its arguments as they are', async () => {
    const args = ['', ' ', 'a b', '$HOME', '"', "'", 'ü\n', '-n', '*'];
    expect(await output(execveOf('/usr/bin/printf', ['%s\\0', ...args]))).toBe(args.map((arg) => `${arg}\0`).join(''));
  });

  it('has the environment that it is given, and none of ours', async () => {
    process.env.ESTIBA_SECRET = 'secret';
    try {
      expect(await output([execve('/usr/bin/env', ['env'], { A: '1', B: 'ü =x' })])).toBe('A=1\nB=ü =x\n');
      expect(await output([execve('/usr/bin/env', ['env'], [])])).toBe('');
      expect(await output([execve('/usr/bin/env', ['env'])])).toMatch(/^PATH=\/usr\/local\/sbin:[^\n]*\n$/);
    } finally {
      delete process.env.ESTIBA_SECRET;
    }
  });

  it('begins where the program has gone to', async () => {
    await using place = scratch();
    expect(await output([chdir(place.path), shell('pwd')])).toBe(`${place.path}\n`);
    expect(await output(shell('pwd'))).toBe(`${process.cwd()}\n`);
  });

  it('may have an argument of 120 KB, and a thousand of a hundred bytes', async () => {
    const long = 'x'.repeat(120 << 10);
    expect(await output(shell('printf %s "$1" | wc -c', long))).toBe(`${long.length}\n`);
    const many = Array.from({ length: 1000 }, (_, index) => String(index).padStart(100, '.'));
    expect(await output(shell('echo $#', ...many))).toBe('1000\n');
  });

  it.each([30, 100, 300, 3000])('may follow a program of %i KB', async (kilobytes) => {
    // A call has 64 bytes.
    const calls = Array.from({ length: kilobytes * 16 }, () => syscall('getpid'));
    expect(await output([calls, shell('echo done')])).toBe('done\n');
  });

  it('is searched on the path inside the program', async () => {
    await using place = scratch();
    expect(await output(command(['env'], { PATH: `${place.path}:/usr/bin` }))).toContain(place.path);
    await expect(launch(command(['no-such-thing'], { PATH: '/bin:/usr/bin' }))).rejects.toMatchObject({
      code: 'ENOENT',
      message: 'cannot execute "no-such-thing": executable file not found in $PATH (/bin:/usr/bin)',
    });
    expect(() => command([''])).toThrow(TypeError);
    expect(() => command([])).toThrow(TypeError);
  });

  it('that cannot run is an error which names the step', async () => {
    await expect(launch([label('begin', execve('/nowhere', ['nowhere']))])).rejects.toMatchObject({
      name: 'SyscallError',
      code: 'ENOENT',
      syscall: 'execve',
      path: '/nowhere',
      step: 'begin',
      remedy: expect.stringContaining('does not exist there'),
    });
    await expect(launch([execve('/etc/passwd', ['passwd'])])).rejects.toMatchObject({ code: 'EACCES' });
  });

  it('is not needed: a program may just end', async () => {
    expect((await finished([])).status).toEqual({ exitCode: 0, signal: null });
    expect((await finished([syscall('exit_group', 9)])).status).toEqual({ exitCode: 9, signal: null });
  });
});

function execveOf(file: string, args: string[]) {
  return [execve(file, [file, ...args])];
}
