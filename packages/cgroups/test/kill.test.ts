import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { killAll } from '../src/kill.ts';
import type { Place } from '../src/place.ts';

// Ordinary files in place of a cgroup.
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cgroup-'));
  mkdirSync(join(directory, 'inner'));
  writeFileSync(join(directory, 'cgroup.procs'), '');
  writeFileSync(join(directory, 'cgroup.kill'), '');
});
afterEach(() => rmSync(directory, { recursive: true }));

const places = (): Place[] => [
  { directory, hierarchy: { version: 2, mountPoint: directory, root: '/', controllers: [] } },
];

test('a process does not kill itself', async () => {
  writeFileSync(join(directory, 'inner', 'cgroup.procs'), `${process.pid}\n`);
  await expect(killAll(places(), '/x')).rejects.toMatchObject({ code: 'CGROUP_BUSY', pids: [process.pid] });
  expect(readFileSync(join(directory, 'cgroup.kill'), 'utf8')).toBe('');
});

test('processes of another pid namespace have no number, and are nobody', async () => {
  writeFileSync(join(directory, 'inner', 'cgroup.procs'), '0\n0\n');
  await expect(killAll(places(), '/x')).resolves.toBeUndefined();
});
