import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { guard, type Requirements, requires } from '../../packages/testkit/src/index.ts';
import { root } from '../project-files.ts';
import { execute } from './execute.ts';

const { nodes, projects, tarballs } = inject('places');
const [project = ''] = Object.values(projects);

guard();

/** By package: what its program in consumers/ needs of the machine, and prints. */
const consumers: Record<string, { needs?: Requirements; prints: string[] }> = {
  syscalls: {
    prints: [
      'execve("/bin/sh", ["sh", "-c", "echo launched; exit 3"], ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])',
      'launched',
      '{"exitCode":3,"signal":null}',
    ],
  },
  namespaces: {
    needs: { userNamespaces: true },
    prints: ['process 1, user 0, host box', '{"exitCode":0,"signal":null}'],
  },
  cgroups: {
    needs: { root: true, cgroup: ['pids'] },
    prints: ['{"max":8,"alone":true,"exitCode":null,"signal":"SIGKILL"}'],
  },
  unionfs: { prints: ['{"files":["changed","kept"],"changed":"after"}', 'true'] },
  privileges: {
    prints: ['SCMP_ACT_ERRNO', 'NoNewPrivs:\t1', 'Seccomp:\t2', '{"exitCode":0,"signal":null}'],
  },
  'image-spec': { prints: ['["sh"] docker.io/library/alpine:latest', 'true NAME_UNKNOWN'] },
  registry: { prints: ['201 200 content 2'] },
  'registry-client': { prints: ['true true', 'true MANIFEST_UNKNOWN'] },
  runtime: {
    needs: { root: true, cgroup: ['pids'] },
    prints: ['process 1 on box', '{"exitCode":4,"signal":null,"outOfMemory":false}'],
  },
};

it('every package has a program that uses it', () => {
  expect(Object.keys(consumers).sort()).toEqual(Object.keys(tarballs).sort());
});

describe.each(Object.entries(consumers))('a program that uses %s', (name, { needs = {}, prints }) => {
  requires(needs)('runs', () => {
    describe.each(Object.entries(projects))('installed by %s', (_, project) => {
      it.each(Object.entries(nodes))('on Node %s', async (_, node) => {
        expect(await execute(node, [`${name}.ts`], { cwd: project })).toEqual({
          stdout: prints.map((line) => `${line}\n`).join(''),
          stderr: '',
          status: 0,
        });
      });
    });
  });
});

// They say `await using`, which Node runs as it stands from 24 on.
const newer = Object.entries(nodes).filter(([version]) => Number.parseInt(version, 10) >= 24);

requires({ root: true, overlay: true, cgroup: true })('an example', () => {
  it.each(
    newer.flatMap(([version, node]) =>
      [
        { file: '01-new-namespaces.ts', prints: /^I am process 1 on box$/m },
        { file: '02-limit-memory.ts', prints: /^ended by SIGKILL, peak 6\d{7} bytes, 1 OOM kill\(s\)$/m },
        { file: '03-overlay-mount.ts', prints: /changed: motd$/m },
        { file: '09-explain-container.ts', prints: /execve\("\/bin\/sh"/ },
      ].map((example) => ({ version, node, ...example })),
    ),
  )('$file runs on Node $version as its reader would run it', async ({ node, file, prints }) => {
    copyFileSync(join(root, 'examples', file), join(project, file));
    // One of them eats memory until its cgroup stops it; should that fail, this does.
    const { stdout, stderr, status } = await execute('prlimit', ['--data=2147483648', '--', node, file], {
      cwd: project,
    });
    expect(stderr).toBe('');
    expect(stdout).toMatch(prints);
    expect(status).toBe(0);
  });
});
