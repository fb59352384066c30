import { explain, Fd, syscall } from '@estiba/syscalls';
import { describe, expect, it } from 'vitest';
import { type ContainerPlan, containerSteps, etcFiles } from '../src/index.ts';

const plan: ContainerPlan = {
  namespaces: ['pid', 'mount', 'uts', 'ipc', 'network', 'cgroup'],
  cgroup: { join: () => [syscall('write', 0, 'join')] },
  root: { steps: [], tree: new Fd(0) },
  readonly: true,
  hostname: 'box',
  etc: etcFiles({ hostname: 'box', hostNetwork: false }),
  process: { args: ['/bin/true'], env: {}, cwd: '/srv/app', user: '' },
  user: { uid: 1000, gid: 1000, groups: [1000], home: '/' },
  capabilities: [],
  seccomp: 'default',
  noNewPrivileges: true,
};

/** Where in the printed program something stands. */
function lineOf(text: string, pattern: RegExp): number {
  const index = text.split('\n').findIndex((line) => pattern.test(line));
  expect(index, `${pattern} is not in the program`).toBeGreaterThanOrEqual(0);
  return index;
}

describe('the program of a container', () => {
  const text = explain(containerSteps(plan));
  const inOrder = (...patterns: RegExp[]) => {
    const lines = patterns.map((pattern) => lineOf(text, pattern));
    expect(lines).toEqual([...lines].sort((a, b) => a - b));
  };

  it('enters the cgroup before anything is cloned', () => inOrder(/"join"/, /clone3/));
  it('makes mounts private before it mounts anything', () => inOrder(/MS_REC\|MS_PRIVATE/, /fsopen/));
  it('protects the kernel file systems before it lets go of the host', () =>
    inOrder(/mask paths/, /make paths read-only/, /pivot_root/));
  it('takes the old root off the new one', () => {
    const [start, end] = [lineOf(text, /pivot_root/), lineOf(text, /sethostname/)];
    expect(
      text
        .split('\n')
        .slice(start, end)
        .filter((line) => line.includes('umount2(".", MNT_DETACH)')),
    ).toHaveLength(1);
  });
  it('drops privileges after everything that needs them, and executes last', () =>
    inOrder(
      /pivot_root/,
      /close all descriptors/,
      /sethostname/,
      /# change to \/srv\/app/,
      /PR_CAPBSET_DROP/,
      /setresuid/,
      /PR_SET_NO_NEW_PRIVS/,
      /seccomp\(/,
      /execve/,
    ));
  it('opens every mount point of the image without following links', () => {
    const targets = text.split('\n').filter((line) => /openat2\(0, "(proc|dev|sys)"/.test(line));
    expect(targets).toHaveLength(3);
    for (const target of targets) expect(target).toMatch(/RESOLVE_NO_SYMLINKS/);
  });
  it('makes device nodes in its own tmpfs only', () => {
    for (const line of text.split('\n').filter((line) => line.includes('mknodat')))
      expect(line).not.toMatch(/mknodat\((AT_FDCWD|0)/);
  });
});
