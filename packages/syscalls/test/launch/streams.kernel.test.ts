import { once } from 'node:events';
import { closeSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { requires, scratch } from '@estiba/testkit';
import { expect, it } from 'vitest';
import { Fd, launch, perform, syscall } from '../../src/index.ts';
import { finished, output, shell } from './finished.ts';

const descriptors = () => readdirSync('/proc/self/fd').length;

requires({ on: ['host', 'uml'] })('the streams of a process', () => {
  it('are pipes unless told otherwise', async () => {
    await using child = await launch(shell('cat; echo error >&2'));
    child.stdin?.end('some text');
    const [stdout, stderr] = await Promise.all([text(child.stdout as never), text(child.stderr as never)]);
    expect([stdout, stderr]).toEqual(['some text', 'error\n']);
    expect(await child.wait()).toEqual({ exitCode: 0, signal: null });
  });

  it('may be opened again by their path', async () => {
    expect(await output(shell('echo through > /dev/stdout; echo again > /proc/self/fd/1'))).toBe('through\nagain\n');
  });

  it('carry megabytes in both directions', async () => {
    await using child = await launch(shell('cat'));
    const sent = Buffer.alloc(8 << 20, 'abcdefg');
    child.stdin?.end(sent);
    const chunks: Buffer[] = [];
    for await (const chunk of child.stdout ?? []) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).equals(sent)).toBe(true);
  });

  it('are nothing when ignored', async () => {
    await using place = scratch();
    const list = 'list=$(for fd in 0 1 2; do readlink /proc/$$/fd/$fd; done); echo "$list" > $1';
    await using child = await launch(shell(list, place.join('list')), { stdio: 'ignore' });
    expect([child.stdin, child.stdout, child.stderr]).toEqual([null, null, null]);
    await child.wait();
    expect(readFileSync(place.join('list'), 'utf8')).toBe('/dev/null\n/dev/null\n/dev/null\n');
  });

  it('are ours when inherited', async () => {
    const { stdout, stderr } = await finished(shell('readlink /proc/$$/fd/0; readlink /proc/$$/fd/2 >&2'), {
      stdio: ['inherit', 'pipe', 'pipe'],
    });
    expect(stdout).toBe(`${readlink(0)}\n`);
    expect(stderr).not.toBe(`${readlink(2)}\n`);
  });

  it('may be descriptors of ours, which stay ours', async () => {
    await using place = scratch();
    using file = Fd.open(place.join('log'), 'w');
    const { status } = await finished(shell('echo out; echo err >&2'), { stdio: ['ignore', file, file] });
    expect(status.exitCode).toBe(0);
    expect(readFileSync(place.join('log'), 'utf8')).toBe('out\nerr\n');
    expect(readlink(file.number)).toBe(place.join('log'));
  });

  it('may be our standard streams crosswise', async () => {
    const { stdout } = await finished(shell('readlink /proc/$$/fd/0; readlink /proc/$$/fd/2'), {
      stdio: [new Fd(2), 'pipe', new Fd(0)],
    });
    expect(stdout).toBe(`${readlink(2)}\n${readlink(0)}\n`);
  });

  it('are refused when they are none', async () => {
    const before = descriptors();
    await expect(launch([], { stdio: ['pipe', 'pipe', 'overlapped' as 'pipe'] })).rejects.toThrow(
      /stdio takes .* not "overlapped"/,
    );
    await expect(launch([], { stdio: new Fd(987) })).rejects.toThrow(/EBADF/);
    const closed = Fd.open('/dev/null');
    closed.close();
    await expect(launch([], { stdio: ['ignore', closed, 'ignore'] })).rejects.toThrow(/closed|EBADF/);
    expect(descriptors()).toBe(before);
  });

  it('still hold what was written when the process has ended', async () => {
    await using child = await launch(shell('echo kept'));
    await child.wait();
    expect(await text(child.stdout as never)).toBe('kept\n');
  });

  it('break for a process whose reader has gone', async () => {
    await using child = await launch(shell('sleep 0.05; while echo x; do :; done'), {
      signal: AbortSignal.timeout(10_000),
    });
    child.stdout?.destroy();
    // SIGPIPE is at its default, though Node ignores it.
    expect(await child.wait()).toEqual({ exitCode: null, signal: 'SIGPIPE' });
  });

  it('work where this process has closed its own standard input', async () => {
    const { stdout } = await finished(shell('echo fine'));
    expect(stdout).toBe('fine\n');
    const duplicate = (fd: number) => {
      const call = syscall('dup', fd);
      return perform([call], { keep: [call] }).fd(call);
    };
    const saved = duplicate(0);
    closeSync(0);
    try {
      expect(await output(shell('cat; echo fine'))).toBe('fine\n');
      const stdio = ['ignore', 'pipe', 'pipe'] as const;
      expect(await output(shell('readlink /proc/$$/fd/0'), { stdio })).toBe('/dev/null\n');
    } finally {
      // The lowest free number is 0 again.
      expect(duplicate(saved.number).number).toBe(0);
      saved.close();
    }
  });

  it('end when the process ends, and are closed when it is disposed of', async () => {
    const before = descriptors();
    {
      await using child = await launch(shell('exec sleep 20'));
      expect(descriptors()).toBeGreaterThan(before);
      child.stdout?.resume();
      const closed = once(child.stdout as never, 'close');
      child.kill('SIGKILL');
      await closed;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(descriptors()).toBe(before);
  });
});

function readlink(fd: number): string {
  return readlinkSync(`/proc/self/fd/${fd}`);
}
