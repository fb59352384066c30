// User-Mode Linux as a tool: what goes in and out of it, and how it ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { buffer, text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { requires, scratch } from '../../packages/testkit/src/index.ts';
import { root } from '../project-files.ts';

requires({ on: ['host'], command: ['linux.uml', 'mke2fs', 'busybox'] })('User-Mode Linux', () => {
  it('brings back output, errors and status of a command, byte by byte', async () => {
    const script =
      'printf "%s|" "$@"; head -c 3000000 /dev/zero | tee /dev/stderr; printf "\\r\\377" >&2; sleep 1000 & exit 7';
    const guest = start([], 'sh', '-c', script, 'sh', 'a b', "'", '');
    const [stdout, stderr] = [text(guest.stdout), buffer(guest.stderr)];
    expect(await once(guest, 'close')).toEqual([7, null]);
    expect(await stdout).toBe(`a b|'||${'\0'.repeat(3_000_000)}`);
    expect(await stderr).toEqual(Buffer.concat([Buffer.alloc(3_000_000), Buffer.from([0x0d, 0xff])]));
  });

  it('cannot change the files of this machine but those it was told', async () => {
    await using folder = scratch();
    await using told = scratch();
    const script = `for file in ${folder.join('file')} ${told.join('file')}; do echo guest >$file; done; cat ${folder.join('file')}`;
    const guest = start(['--rw', told.path], 'sh', '-c', script);
    const stdout = text(guest.stdout);
    expect(await once(guest, 'close')).toEqual([0, null]);
    expect(await stdout).toBe('guest\n');
    expect(existsSync(folder.join('file'))).toBe(false);
    expect(readFileSync(told.join('file'), 'utf8')).toBe('guest\n');
  });

  it('gives an ordinary user a cgroup of his own, and subordinate ids', async () => {
    const script = `
      id -u; cat /proc/self/cgroup
      mkdir /sys/fs/cgroup/user/own && echo 64M >/sys/fs/cgroup/user/own/memory.max && cat /sys/fs/cgroup/user/own/memory.max
      unshare --map-root-user --map-auto awk '{ print $3 }' /proc/self/uid_map`;
    const guest = start(['--ordinary'], 'sh', '-c', script);
    const [stdout, stderr] = [text(guest.stdout), text(guest.stderr)];
    expect(await once(guest, 'close')).toEqual([0, null]);
    expect(await stderr).toBe('');
    expect(await stdout).toBe(`60001\n0::/user/app\n${64 << 20}\n1\n65535\n`);
  });

  it('ends when its time is over, or when it is interrupted, with all its traces', async () => {
    const late = start(['--timeout', '3'], 'sleep', '1000');
    expect(await once(late, 'close')).toEqual([124, null]);
    const guest = start([], 'sh', '-c', 'echo up; sleep 1000');
    await once(guest.stdout, 'data');
    guest.kill('SIGTERM');
    expect(await once(guest, 'close')).toEqual([143, null]);
    for (const { pid } of [late, guest]) {
      expect(globSync(`${tmpdir()}/estiba-${pid}-*`)).toEqual([]);
      expect(processesOf(`umid=uml-${pid}`)).toEqual([]);
    }
  });

  it('does not outlive the script that is killed, alone or with its group', async () => {
    for (const sign of [1, -1]) {
      const guest = spawn('setsid', ['scripts/uml/run', '--', 'sh', '-c', 'echo up; sleep 1000'], { cwd: root });
      const pid = guest.pid as number;
      await once(guest.stdout, 'data');
      expect(processesOf(`umid=uml-${pid}`)).not.toEqual([]);
      process.kill(sign * pid, 'SIGKILL');
      const traces = () => [...processesOf(`umid=uml-${pid}`), ...globSync(`${tmpdir()}/estiba-${pid}-*`)];
      await expect.poll(traces, { timeout: 5_000 }).toEqual([]);
    }
  });

  it('removes what is left of the dead, and of nobody else', async () => {
    await using folder = scratch();
    // No pid is as large. proc_sys_kernel(5), pid_max
    const [dead, living] = [folder.join('estiba-99999999-uml-x'), folder.join(`estiba-${process.pid}-uml-x`)];
    for (const each of [dead, living]) mkdirSync(each);
    const guest = startIn(root, { TMPDIR: folder.path }, [], 'true');
    expect(await once(guest, 'close')).toEqual([0, null]);
    expect(globSync(folder.join('*'))).toEqual([living]);
  });

  it('works from folders whose names the command line of a kernel cannot hold', async () => {
    await using folder = scratch();
    const [project, temporary] = [folder.join('a project'), folder.join('temporary files')];
    cpSync(`${root}/scripts/uml`, `${project}/scripts/uml`, { recursive: true });
    mkdirSync(temporary);
    const guest = startIn(project, { TMPDIR: temporary }, [], 'pwd');
    const stdout = text(guest.stdout);
    expect(await once(guest, 'close')).toEqual([0, null]);
    expect(await stdout).toBe(`${project}\n`);
  });
});

function start(options: string[], ...command: string[]) {
  return startIn(root, {}, options, ...command);
}

function startIn(cwd: string, environment: Record<string, string>, options: string[], ...command: string[]) {
  const guest = spawn('scripts/uml/run', [...options, '--', ...command], {
    cwd,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  guest.stdout.resume();
  guest.stderr.resume();
  return guest;
}

function processesOf(argument: string): string[] {
  return globSync('/proc/[0-9]*/cmdline').filter((file) => readOrNothing(file).split('\0').includes(argument));
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // It has ended meanwhile.
    return '';
  }
}
