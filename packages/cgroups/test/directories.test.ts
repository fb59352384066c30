import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { descendants } from '../src/directories.ts';
import { processesIn } from '../src/processes.ts';

// Whoever looks at the directory `goes` finds that it has just been removed.
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const statSync = (path: string, options?: never) => {
    if (path.endsWith('/goes')) fs.rmSync(path, { recursive: true, force: true });
    return fs.statSync(path, options);
  };
  return { ...fs, statSync };
});

// Ordinary directories in place of cgroups.
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cgroup-'));
  for (const name of ['.', 'first', 'first/goes', 'first/inner', 'goes', 'last']) {
    mkdirSync(join(directory, name), { recursive: true });
    writeFileSync(join(directory, name, 'cgroup.procs'), '');
  }
  writeFileSync(join(directory, 'last', 'cgroup.procs'), '4711\n');
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a cgroup that is removed while they are listed hides none of the others', () => {
  expect(descendants(directory).sort()).toEqual(['first', 'first/inner', 'last'].map((name) => `${directory}/${name}`));
});

test('nor the processes in them', () => {
  const places = [{ directory, hierarchy: { version: 2, mountPoint: directory, root: '/', controllers: [] } } as const];
  expect(processesIn(places, { recursive: true })).toEqual([4711]);
});
