import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { requires, scratch, Terminal } from '@estiba/testkit';
import { expect, test } from 'vitest';
import { currentHost } from '../../src/host.ts';
import { cgroupFolder } from '../../src/index.ts';
import { placeIn } from '../../src/place.ts';

const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

requires({ on: ['host', 'uml'], cgroup: true })('cgroups run', () => {
  test('runs the command under its limits, and tells what it used', async () => {
    const { status, stdout, stderr } = await cgroups(
      ...'run --memory 64M --pids 9 -- sh -c'.split(' '),
      'echo $0; exit 3',
    );
    expect(stdout).toBe('sh\n');
    expect(status).toBe(3);
    expect(stderr).toMatch(
      /^sh exited with 3\n {2}time {4}\S+ \S+\n {2}memory {2}\S+ \S+ at most, limit 64 MiB\n {2}cpu /,
    );
  });

  test('says that the command was killed for lack of memory', async () => {
    const { status, stderr } = await cgroups('run', '--memory', '32M', '--swap', '0', 'tail', '/dev/zero');
    expect(status).toBe(137);
    expect(stderr).toMatch(/^tail was ended by SIGKILL; out of memory, 1 process was killed\n/);
  });

  test('prints its summary as JSON', async () => {
    const { stderr } = await cgroups('run', '--json', '--memory', '32M', 'true');
    const summary = JSON.parse(stderr);
    expect(summary).toMatchObject({ command: ['true'], exitCode: 0, signal: null });
    expect(summary.stat.memory.max).toBe(32 * 2 ** 20);
    expect(summary.stat.pids.max).toBe('max');
    expect(summary.path).toMatch(/\/run-\d+$/);
  });

  test('hands on a signal, and ends what the command has left', async () => {
    const script = 'sleep 100 & trap "echo caught; exit 5" TERM; echo ready; wait';
    const path = `${await cgroupFolder()}/cli-${process.pid}`;
    const child = start('run', '--name', `cli-${process.pid}`, '--quiet', 'sh', '-c', script);
    await once(child.stdout, 'data');
    const wasThere = exists(path);
    child.kill('SIGTERM');
    const output = text(child.stdout);
    expect(await once(child, 'exit')).toEqual([5, null]);
    expect(await output).toBe('caught\n');
    expect([wasThere, exists(path)]).toEqual([true, false]);
  });

  test('signals that come when the command has ended leave nothing behind', async () => {
    const path = `${await cgroupFolder()}/late-${process.pid}`;
    // Enough that there is something to be cleared away.
    const script = 'i=0; while [ $i -lt 50 ]; do sleep 100 & i=$((i+1)); done; exit 7';
    const child = start('run', '--name', `late-${process.pid}`, '--pids', '60', 'sh', '-c', script);
    await once(child.stderr, 'data');
    for (; child.exitCode === null && child.signalCode === null; await sleep(1)) {
      // As soon as it is gone it may end in any way.
      if (exists(path)) child.kill('SIGTERM');
    }
    expect(exists(path)).toBe(false);
  });

  test('ends as the command does, also when nobody reads the summary', async () => {
    const child = start('run', 'sh', '-c', 'read go; exit 7');
    child.stderr.destroy();
    child.stdin.end('go\n');
    expect(await once(child, 'exit')).toEqual([7, null]);
  });

  test.each([
    [['run', 'no-such-program'], 127, /^cgroups: cannot execute "no-such-program": executable file not found/],
    [['run', '/etc/passwd'], 126, /^cgroups: .*EACCES/],
    [['run', '--memory', '1', 'true'], 125, /^cgroups: cannot set memory.max of .* to 1: it must be at least one page/],
    [['run', '--pids', 'x', 'true'], 125, /^cgroups: cannot set pids.max of .* to NaN/],
    [['run', '--name', '../x', 'true'], 125, /^cgroups: cannot use .* '..' is not a name/],
    [['run'], 2, /^cgroups: which command/],
    [['run', ''], 2, /^cgroups: which command/],
    [['stop'], 2, /^cgroups: there is no command stop; known: top, run/],
    [[], 2, /^Usage: cgroups/],
  ] as const)('%j ends with status %d', async (args, status, message) => {
    const ended = await cgroups(...args);
    expect(ended.stderr).toMatch(message);
    expect(ended.stderr).not.toMatch(/\n {4}at /);
    expect(ended.status).toBe(status);
  });
});

requires({ on: ['host'], cgroup: true, command: 'tmux' })('cgroups run on a terminal', () => {
  test('a command is interrupted once, also if its input is a pipe', async () => {
    using files = scratch('run');
    const script = 'trap "echo caught" INT; echo rea""dy; sleep 1 & wait; wait; echo do""ne';
    const node = `${process.execPath} --conditions=estiba-source --no-warnings ${program}`;
    await using terminal = await Terminal.open(files.join('tmux'), [
      'sh',
      '-c',
      `trap : INT; echo x | ${node} run sh -c '${script}'; sleep 9`,
    ]);
    await terminal.shows(/ready/);
    await terminal.type('\u0003');
    const screen = await terminal.shows(/done/);
    expect(screen.match(/caught/g)).toHaveLength(1);
  });
});

async function cgroups(...args: readonly string[]) {
  const child = start(...args);
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { status, stdout, stderr };
}

function start(...args: readonly string[]) {
  return spawn(process.execPath, ['--conditions=estiba-source', program, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: 30_000,
    killSignal: 'SIGKILL',
  });
}

function exists(path: string): boolean {
  return currentHost().hierarchies.some((hierarchy) => existsSync(placeIn(hierarchy, path).directory));
}
