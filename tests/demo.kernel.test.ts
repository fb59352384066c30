import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { requires } from '../packages/testkit/src/index.ts';
import { root } from './project-files.ts';

requires({ on: ['host', 'uml'], root: true, overlay: true, cgroup: ['memory', 'pids'] })('the demo', () => {
  it('goes from a registry to a running container, and shows that the limits hold', async () => {
    const { output, status } = await finished(demo());
    expect(output).toMatch(/^make .* served as 127\.0\.0\.1:\d+\/demo\/machine:latest$/m);
    expect(output).toMatch(/^pull .* is sha256:[0-9a-f]{64}$/m);
    expect(output).toMatch(/^unpack .* 2 layers below a writable one$/m);
    expect(output).toMatch(/I am root, process 1,/);
    expect(output).toMatch(/^memory .* it was ended by SIGKILL, out of memory$/m);
    expect(output).toMatch(/^pids .* it ended with status 2$/m);
    expect(output).toContain('Cannot fork');
    expect(output).toMatch(/demo: ok\n$/);
    expect(status).toBe(0);
  });
});

// What is left behind is looked at after each kernel test file; these three must leave nothing either.
requires({ on: ['host', 'uml'] })('the demo that goes wrong', () => {
  it('names the stage and the reason for a registry that does not answer', async () => {
    const { output, status } = await finished(demo('127.0.0.1:1/no/such:image', 'true'));
    expect(output).toMatch(/^demo: failed at stage 'pull': .*127\.0\.0\.1:1.*\(UNREACHABLE\)$/m);
    expect(output).not.toContain('demo: ok');
    expect(status).toBe(1);
  });

  it('says so of a reference that is none', async () => {
    const { output, status } = await finished(demo('Not A Reference'));
    expect(output).toContain('(REFERENCE_INVALID)');
    expect(status).toBe(1);
  });

  it('stops and cleans up when it is interrupted', async () => {
    const running = demo();
    const end = finished(running);
    running.stdout?.once('data', () => running.kill('SIGINT'));
    const { output, status } = await end;
    expect(output).toContain('interrupted by SIGINT');
    expect(status).toBe(1);
  });
});

function demo(...args: string[]): ChildProcess {
  const command = ['--conditions=estiba-source', join(root, 'examples/demo/main.ts'), ...args];
  const child = spawn(process.execPath, command, { cwd: root, timeout: 60_000, killSignal: 'SIGKILL' });
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8');
  return child;
}

function finished(child: ChildProcess): Promise<{ output: string; status: number | null }> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve) => child.once('close', (status) => resolve({ output, status })));
}
