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

test('processes of another pid namespace have no number: they are killed with the cgroup, and waited for', async () => {
  writeFileSync(join(directory, 'inner', 'cgroup.procs'), '0\n0\n');
  setTimeout(() => writeFileSync(join(directory, 'inner', 'cgroup.procs'), ''), 50);
  await expect(killAll(places(), '/x')).resolves.toBeUndefined();
  expect(readFileSync(join(directory, 'cgroup.kill'), 'utf8')).toBe('1');
  expect(readFileSync(join(directory, 'inner', 'cgroup.procs'), 'utf8')).toBe('');
});

test('where nothing can kill those of another pid namespace, that is what the error says', async () => {
  writeFileSync(join(directory, 'cgroup.procs'), '0\n');
  rmSync(join(directory, 'cgroup.kill'));
  writeFileSync(join(directory, 'cgroup.freeze'), '');
  writeFileSync(join(directory, 'cgroup.events'), 'populated 1\nfrozen 1\n');
  await expect(killAll(places(), '/x', { timeout: 20 })).rejects.toMatchObject({
    code: 'CGROUP_BUSY',
    pids: [],
    message: expect.stringMatching(
      /: processes of another pid namespace still there after 20 ms; .*its own namespace alone/,
    ),
  });
});

test('before Linux 5.14, below a cgroup that is frozen, what has been killed is killed, and nothing waits for a thaw', async () => {
  rmSync(join(directory, 'cgroup.kill'));
  const below = join(directory, 'inner');
  writeFileSync(join(directory, 'cgroup.freeze'), '1\n');
  writeFileSync(join(below, 'cgroup.freeze'), '0\n');
  writeFileSync(join(below, 'cgroup.events'), 'populated 1\nfrozen 1\n');
  writeFileSync(join(below, 'cgroup.procs'), '0\n');
  setTimeout(() => writeFileSync(join(below, 'cgroup.procs'), ''), 50);
  const [place] = places();
  await expect(killAll([{ ...place, directory: below } as Place], '/x/inner')).resolves.toBeUndefined();
  expect(readFileSync(join(below, 'cgroup.freeze'), 'utf8')).toBe('0\n');
});

test('what cannot be frozen takes no longer than was allowed', async () => {
  rmSync(join(directory, 'cgroup.kill'));
  writeFileSync(join(directory, 'cgroup.procs'), '0\n');
  writeFileSync(join(directory, 'cgroup.freeze'), '');
  writeFileSync(join(directory, 'cgroup.events'), 'populated 1\nfrozen 0\n');
  const begin = performance.now();
  await expect(killAll(places(), '/x', { timeout: 200 })).rejects.toMatchObject({ code: 'CGROUP_BUSY' });
  await expect(killAll(places(), '/x', { signal: AbortSignal.timeout(200) })).rejects.toThrow(/timeout/);
  expect(performance.now() - begin).toBeLessThan(3_000);
  expect(readFileSync(join(directory, 'cgroup.freeze'), 'utf8')).toBe('0');
});

test('a timeout that would never be over is refused before anything is killed', async () => {
  writeFileSync(join(directory, 'cgroup.procs'), '0\n');
  await expect(killAll(places(), '/x', { timeout: Number.NaN })).rejects.toThrow(TypeError);
  expect(readFileSync(join(directory, 'cgroup.kill'), 'utf8')).toBe('');
});
