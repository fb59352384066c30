import { appendFileSync, chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Scratch, scratch } from '../packages/testkit/src/index.ts';
import { root } from './project-files.ts';

const native = `packages/syscalls/native/linux-${process.arch}`;

let project: Scratch;
let build: () => Promise<number>;

/** A workspace of one package, and a pnpm that notes each build. */
beforeEach(async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
  project = scratch('workspace');
  const { build: run } = await import(join(root, 'scripts/workspace.mjs'));
  for (const folder of ['packages/syscalls/src', 'bin']) mkdirSync(project.join(folder), { recursive: true });
  for (const file of ['pnpm-lock.yaml', 'tsconfig.base.json', 'packages/syscalls/package.json', 'builds'])
    writeFileSync(project.join(file), '');
  writeFileSync(project.join('packages/syscalls/src/index.ts'), 'export {};');
  const made = `${native}/launcher ${native}/interpreter.so packages/syscalls/dist/index.js packages/syscalls/dist/index.d.ts`;
  program('pnpm', `echo build >> builds; mkdir -p ${native} packages/syscalls/dist && touch ${made}`);
  const toolchain = {
    node: 'node',
    pnpm: project.join('bin/pnpm'),
    env: { PATH: `${project.join('bin')}:/usr/bin:/bin` },
  };
  build = async () => {
    await run(project.path, toolchain);
    return readFileSync(project.join('builds'), 'utf8').split('\n').length - 1;
  };
});

afterEach(() => {
  vi.restoreAllMocks();
  project[Symbol.dispose]();
});

it('what has been built is not built again', async () => {
  expect(await build()).toBe(1);
  expect(await build()).toBe(1);
});

it('a source that has changed is built again', async () => {
  await build();
  appendFileSync(project.join('packages/syscalls/src/index.ts'), '\n');
  expect(await build()).toBe(2);
});

it.each(['packages/syscalls/dist', native])('%s is built again when it is gone', async (folder) => {
  await build();
  rmSync(project.join(folder), { recursive: true });
  expect(await build()).toBe(2);
});

it('a cross compiler that was not there before is used', async () => {
  program('aarch64-linux-gnu-gcc', 'exit 1');
  await build();
  program('aarch64-linux-gnu-gcc', 'echo gcc 12');
  expect(await build()).toBe(2);
});

function program(name: string, script: string): void {
  writeFileSync(project.join('bin', name), `#!/bin/sh\n${script}\n`);
  chmodSync(project.join('bin', name), 0o755);
}
