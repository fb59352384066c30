import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { leftovers, requires, scratch } from '../src/index.ts';
import { type CgroupTree, cgroupTrees } from '../src/observe/cgroup-trees.ts';
import { mounts } from '../src/observe/mounts.ts';
import { mayAccess } from '../src/observe/processes.ts';

requires({ on: ['host', 'uml'] })('without privileges', () => {
  it('an open descriptor is told', async () => {
    const left = leftovers({ within: 0 });
    const descriptor = openSync('/dev/null', 'r');
    expect(await left()).toEqual([`descriptor ${descriptor} (/dev/null)`]);
    closeSync(descriptor);
    expect(await left()).toEqual([]);
  });

  it('a child is told until it has ended', async () => {
    const left = leftovers({ within: 0 });
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    expect(await left()).toContain(`process ${child.pid} (sleep)`);
    await end(child);
    expect(await leftoversGone(left)).toEqual([]);
  });

  it('a process that has left its family is told', async () => {
    const left = leftovers({ within: 0 });
    // The shell ends at once, and the one in the background is given to the machine's first process.
    const { stdout } = spawnSync('sh', ['-c', 'setsid sleep 60 >/dev/null 2>&1 & echo $!'], { encoding: 'utf8' });
    const pid = Number(stdout);
    expect(pid).toBeGreaterThan(1);
    // On a slow machine it is the shell, and then setsid, for longer than one would think.
    await vi.waitFor(() => expect(nameOf(pid)).toBe('sleep'), 20_000);
    expect(await left()).toEqual([`process ${pid} (sleep)`]);
    process.kill(pid, 'SIGKILL');
    expect(await leftoversGone(left)).toEqual([]);
  });

  it('a zombie is told', async () => {
    const left = leftovers({ within: 0 });
    // The parent becomes a program that never waits for the child it inherits.
    const parent = spawn('sh', ['-c', 'sleep 0.05 & exec sleep 60'], { stdio: 'ignore' });
    const zombie = expect.stringMatching(/^zombie \d+ \(sleep\)$/);
    await vi.waitFor(async () => expect(await left()).toContainEqual(zombie), 20_000);
    await end(parent);
    expect(await leftoversGone(left)).toEqual([]);
  });

  it('a temporary file is told', async () => {
    const left = leftovers({ within: 0 });
    const folder = mkdtempSync(join(tmpdir(), `estiba-${process.pid}-forgotten-`));
    expect(await left()).toEqual([`file ${folder}`]);
    rmSync(folder, { recursive: true });
    expect(await left()).toEqual([]);
  });

  it('what goes away within the time allowed is not told', async () => {
    const left = leftovers({ within: 1_000 });
    const descriptor = openSync('/dev/null', 'r');
    setTimeout(() => closeSync(descriptor), 100);
    expect(await left()).toEqual([]);
  });
});

requires({ on: ['host', 'uml'], root: true })('as root', () => {
  it('a mount is told', async () => {
    await using folder = scratch('mount');
    const left = leftovers({ within: 0 });
    run('mount', '-t', 'tmpfs', 'left', folder.path);
    expect(await left()).toEqual([`mount of tmpfs left on ${folder.path}`]);
    run('umount', folder.path);
    expect(await left()).toEqual([]);
  });

  it('a second mount of the same thing on the same place is told', async () => {
    await using folder = scratch('mount');
    run('mount', '-t', 'tmpfs', 'left', folder.path);
    const left = leftovers({ within: 0 });
    run('mount', '-t', 'tmpfs', 'left', folder.path);
    expect(await left()).toHaveLength(1);
    run('umount', folder.path);
    expect(await left()).toEqual([]);
    run('umount', folder.path);
  });

  it('a network namespace that a process holds is told', async () => {
    const left = leftovers({ within: 0 });
    const child = spawn('unshare', ['--net', 'sleep', '60'], { stdio: 'ignore' });
    await vi.waitFor(() => expect(nameOf(child.pid)).toBe('sleep'), 20_000);
    expect(await left()).toContainEqual(expect.stringMatching(/^namespace net:\[\d+\] held by process \d+ \(sleep\)$/));
    await end(child);
    expect(await leftoversGone(left)).toEqual([]);
  });

  it('a namespace that only a mount keeps is told', async () => {
    await using folder = scratch('pinned');
    const pin = folder.join('net');
    closeSync(openSync(pin, 'w'));
    const left = leftovers({ within: 0 });
    run('unshare', `--net=${pin}`, 'true');
    expect(await left()).toContainEqual(expect.stringMatching(/^namespace net:\[\d+\] held by the mount on /));
    run('umount', pin);
    expect(await left()).toEqual([]);
  });
});

requires({ on: ['host', 'uml'], cgroup: ['pids'] })('where cgroups may be made', () => {
  it('one below estiba is told, in every hierarchy that is mounted', async () => {
    const roots = mounts().filter(({ type }) => type === 'cgroup' || type === 'cgroup2');
    const trees = writableTrees();
    expect(trees.map(({ root }) => root)).toEqual(roots.map(({ target }) => target));
    for (const { directory } of trees) {
      using base = ourFolder(directory);
      const path = `${base.path}/left-${process.pid}`;
      const left = leftovers({ within: 0 });
      mkdirSync(path);
      expect(await left()).toEqual([`cgroup ${path}`]);
      rmdirSync(path);
      expect(await left()).toEqual([]);
    }
  });

  it('the processes in one left behind are named', async () => {
    using base = ourFolder(writableTrees()[0]?.directory ?? '');
    const path = `${base.path}/named-${process.pid}`;
    const left = leftovers({ within: 0 });
    mkdirSync(path);
    const child = spawn('sh', ['-c', `echo 0 > ${path}/cgroup.procs && exec sleep 60`], { stdio: 'ignore' });
    await vi.waitFor(() => expect(readFileSync(`${path}/cgroup.procs`, 'utf8')).toBe(`${child.pid}\n`), 5_000);
    expect(await left()).toContain(`cgroup ${path}, with processes ${child.pid}`);
    await end(child);
    rmdirSync(path);
    expect(await leftoversGone(left)).toEqual([]);
  });
});

/** The topmost directory of each hierarchy in which this process may make cgroups. */
function writableTrees(): CgroupTree[] {
  const writable = cgroupTrees().filter(({ directory }) => mayAccess(directory, constants.W_OK));
  return writable.filter(({ root }, index) => writable.findIndex((other) => other.root === root) === index);
}

/** The folder of all cgroups of the project; taken away again if it was not there. */
function ourFolder(tree: string): { path: string } & Disposable {
  const path = `${tree}/estiba`;
  const made = !existsSync(path);
  if (made) mkdirSync(path);
  return {
    path,
    [Symbol.dispose]() {
      // Somebody else may have begun to use it.
      if (made && readdirSync(path, { withFileTypes: true }).every((entry) => !entry.isDirectory())) rmdirSync(path);
    },
  };
}

/** Of the program that it runs at this moment. proc_pid_comm(5) */
function nameOf(pid = 0): string {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd();
}

async function end(child: ChildProcess): Promise<void> {
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.kill('SIGKILL');
  await closed;
}

/** The kernel reaps and closes a moment after Node tells of the end. */
async function leftoversGone(left: () => Promise<string[]>): Promise<string[]> {
  for (let tries = 0; tries < 50; tries++) {
    if ((await left()).length === 0) return [];
    await sleep(20);
  }
  return left();
}

function run(command: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 10_000 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}
