import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Place } from '../src/place.ts';
import { isExiting } from '../src/processes.ts';
import { takeAlong } from '../src/take-along.ts';

// Ordinary files in place of v1 cgroups: each holds only who was written last.
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), `estiba-${process.pid}-along-`));
});
afterEach(() => rmSync(folder, { recursive: true }));

function place(name: string, path: string, ...pids: number[]): Place {
  const mountPoint = join(folder, name);
  const directory = mountPoint + path;
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'cgroup.procs'), pids.map((pid) => `${pid}\n`).join(''));
  return { directory, hierarchy: { version: 1, mountPoint, root: '/', controllers: [name] } };
}

const held = ({ directory }: Place) => readFileSync(join(directory, 'cgroup.procs'), 'utf8');

test('who is not inside after ten rounds is named by the error, and so is who did not come back', () => {
  const [first, second] = [sleeper(), sleeper()];
  try {
    const from = place('memory', '/x', first.pid, second.pid);
    const to = place('none', '/x');
    expect(() => takeAlong({ path: '/x', places: [from] }, [to], [])).toThrow(
      expect.objectContaining({
        code: 'CGROUP_BUSY',
        path: '/x',
        pids: expect.arrayContaining([expect.any(Number)]),
        message: expect.stringMatching(
          /^cannot limit \/x in one more v1 hierarchy: [\d, ]+ still outside of it after 10 rounds .*limited there: \d+ in \/.*\/none\/x$/,
        ),
      }),
    );
  } finally {
    first.end();
    second.end();
  }
});

test('who is in one of the new places is not yet in all of them', () => {
  const { pid, end } = sleeper();
  try {
    const from = place('memory', '/x', pid);
    const [one, other] = [place('cpu', '/x', pid), place('cpuset', '/x')];
    takeAlong({ path: '/x', places: [from] }, [one, other], []);
    expect(held(other)).toBe(`${pid}`);
  } finally {
    end();
  }
});

test('who has ended and is still listed keeps nobody waiting', async () => {
  // Whose parent does not ask how it ended: a shell would, so it is none any more by then.
  const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 20'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = await once(parent.stdout, 'data');
  const { pid, end } = sleeper();
  try {
    const ended = Number(line);
    await expect.poll(() => isExiting(ended), { timeout: 10_000 }).toBe(true);
    expect(isExiting(pid)).toBe(false);
    const to = place('cpu', '/x');
    // Each round writes the lower number first.
    expect(ended).toBeLessThan(pid);
    takeAlong({ path: '/x', places: [place('memory', '/x', ended, pid)] }, [to], []);
    expect(held(to)).toBe(`${pid}`);
  } finally {
    end();
    parent.kill('SIGKILL');
  }
});

test('nobody is moved when a process of another pid namespace is anywhere inside', () => {
  const { pid, end } = sleeper();
  try {
    const from = place('memory', '/x', pid);
    place('memory', '/x/a/b', 0);
    const to = place('cpu', '/x');
    const made: string[] = [];
    expect(() => takeAlong({ path: '/x', places: [from] }, [to], made)).toThrow(
      expect.objectContaining({
        code: 'CGROUP_BUSY',
        message: expect.stringMatching(/^cannot limit \/x\/a\/b in one/),
      }),
    );
    expect(held(to)).toBe('');
    expect(made).toEqual([]);
  } finally {
    end();
  }
});

function sleeper() {
  const child = spawn('sleep', ['20'], { stdio: 'ignore' });
  if (child.pid === undefined) throw new Error('sleep did not start');
  return { pid: child.pid, end: () => child.kill('SIGKILL') };
}
