import { readFileSync } from 'node:fs';
import { requires, scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { chdir, closeDescriptors, Fd, launch, open, perform, type Step, syscall } from '../../src/index.ts';
import { output, shell } from './finished.ts';

/** Those of `ls` itself, which opens the folder as 3. */
const openOnes = shell('ls /proc/self/fd');

requires({ on: ['host', 'uml'] })('a launched command inherits', () => {
  it('three descriptors only', async () => {
    expect(await output(openOnes)).toBe('0\n1\n2\n3\n');
  });

  it('none that Node or we forgot to mark', async () => {
    // dup(2) makes a descriptor without close-on-exec.
    const stray = syscall('dup', 0);
    using leaked = perform([stray], { keep: [stray] }).fd(stray);
    expect(leaked.number).toBeGreaterThan(2);
    expect(await output(openOnes)).toBe('0\n1\n2\n3\n');
  });

  it('none that its program opened, nor any that its program was given', async () => {
    using file = Fd.open('/etc/hostname');
    const opened = open('/etc/passwd');
    const text = syscall('pread64', file, Buffer.alloc(8), 1, 0);
    expect(await output([opened, text, openOnes])).toBe('0\n1\n2\n3\n');
  });

  it('no signal ignored or blocked, though Node ignores some', async () => {
    const ours = readFileSync('/proc/self/status', 'utf8');
    expect(ours).toMatch(/^SigIgn:\t0*[1-9a-f]/m);
    const status = await output(shell('cat /proc/self/status'));
    expect(status).toMatch(/^SigIgn:\t0{16}$/m);
    expect(status).toMatch(/^SigBlk:\t0{16}$/m);
    expect(status).toMatch(/^SigPnd:\t0{16}$/m);
  });

  it('no environment of ours and no name of the launcher', async () => {
    expect(await output(shell('tr "\\0" " " < /proc/$$/cmdline'))).toBe('sh -c tr "\\0" " " < /proc/$$/cmdline sh ');
  });
});

requires({ on: ['host', 'uml'] })('a program', () => {
  it('can close all descriptors, so that no path leads to one, and still tells of its failure', async () => {
    using root = Fd.open('/');
    const through = `/proc/self/fd/${root.number}/etc`;
    const kept = syscall('fcntl', root, 1, 0);
    const reach = (...between: Step[]) => launch([kept, ...between, chdir(through)]);
    await expect(reach(closeDescriptors())).rejects.toMatchObject({ code: 'ENOENT', syscall: 'chdir', path: through });
    // Without it the path is there, until execve.
    await using child = await reach();
    expect((await child.wait()).exitCode).toBe(0);
    expect(() => perform([closeDescriptors()])).toThrow(/only a launched process can/);
  });

  it('uses our descriptors by their numbers', async () => {
    await using place = scratch();
    using file = Fd.open(place.join('file'), 'w');
    await using child = await launch([syscall('write', file, 'from inside', 11), syscall('exit_group', 0)]);
    await child.wait();
    expect(readFileSync(place.join('file'), 'utf8')).toBe('from inside');
  });

  it('may be given many of them', async () => {
    const fds = Array.from({ length: 200 }, () => Fd.open('/dev/null', 'w'));
    await using child = await launch([fds.map((fd) => syscall('write', fd, 'x', 1))], { stdio: 'ignore' });
    expect(await child.wait()).toEqual({ exitCode: 0, signal: null });
    for (const fd of fds) fd.close();
  });

  it('is refused one of 0, 1 and 2 that would be something else inside', async () => {
    await expect(launch([syscall('write', new Fd(1), 'x', 1)])).rejects.toThrow(
      /cannot pass on descriptor 1: the process has a standard stream of its own there/,
    );
    await using child = await launch([syscall('fstat', new Fd(1), Buffer.alloc(144))], { stdio: 'inherit' });
    expect((await child.wait()).exitCode).toBe(0);
  });

  it('is refused one that is closed', async () => {
    const fd = Fd.open('/');
    fd.close();
    await expect(launch([syscall('fchdir', fd)])).rejects.toThrow(/closed/);
  });
});
