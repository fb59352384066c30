import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { requires, type Scratch, scratch, sweep } from '../src/index.ts';

// A place of its own: other runs on this machine sweep, too.
let place: Scratch;
beforeEach(() => {
  place = scratch();
  vi.stubEnv('TMPDIR', place.path);
});
afterEach(() => {
  vi.unstubAllEnvs();
  place[Symbol.dispose]();
});

/** A number that no process has any longer. */
function numberOfTheDead(): number {
  return spawnSync('true').pid;
}

requires({ on: ['host', 'uml'] })('sweeping', () => {
  it('removes the folders of processes that are gone, and leaves those of others', async () => {
    await using ours = scratch();
    const theirs = place.join(`estiba-${numberOfTheDead()}-test-x`);
    const foreign = place.join(`other-${numberOfTheDead()}-test-x`);
    for (const path of [theirs, foreign]) mkdirSync(join(path, 'below'), { recursive: true });
    try {
      sweep();
      expect([ours.path, theirs, foreign].map((path) => existsSync(path))).toEqual([true, false, true]);
    } finally {
      for (const path of [theirs, foreign]) rmSync(path, { recursive: true, force: true });
    }
  });
});

requires({ on: ['host', 'uml'], root: true })('sweeping as root', () => {
  it('does not go through a mount', async () => {
    await using outside = scratch();
    mkdirSync(outside.join('kept'));
    const theirs = place.join(`estiba-${numberOfTheDead()}-test-y`);
    const script = 'mkdir -p "$1/mount" && mount --bind "$2" "$1/mount" && shift 2 && exec "$@"';
    const sweeping = ['--conditions=estiba-source', '-e', "import('@estiba/testkit').then(({ sweep }) => sweep())"];
    try {
      const { status, stderr } = spawnSync(
        'unshare',
        ['--mount', 'sh', '-c', script, 'sh', theirs, outside.path, process.execPath, ...sweeping],
        { cwd: join(import.meta.dirname, '../../unionfs'), encoding: 'utf8' },
      );
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect([outside.join('kept'), theirs].map((path) => existsSync(path))).toEqual([true, true]);
    } finally {
      rmSync(theirs, { recursive: true, force: true });
    }
  });
});

requires({ on: ['host', 'uml'], root: true, cgroup: ['pids'] })('sweeping cgroups', () => {
  it('removes the empty ones of processes that are gone, with what is below', () => {
    const root = existsSync('/sys/fs/cgroup/pids') ? '/sys/fs/cgroup/pids' : '/sys/fs/cgroup';
    const dead = `${root}/estiba/run-${numberOfTheDead()}-x`;
    const living = `${root}/estiba/run-${process.pid}-x`;
    for (const path of [`${dead}/below`, living]) mkdirSync(path, { recursive: true });
    try {
      sweep();
      expect([dead, living].map((path) => existsSync(path))).toEqual([false, true]);
    } finally {
      spawnSync('rmdir', [`${dead}/below`, dead, living], { stdio: 'ignore' });
    }
  });
});
