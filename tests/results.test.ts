import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Scratch, scratch } from '../packages/testkit/src/index.ts';
import { root } from './project-files.ts';

const file = 'packages/unionfs/test/layer.kernel.test.ts';
const skippedGroup = 'a layer (skipped: needs root)';

let folder: Scratch;
beforeEach(() => {
  folder = scratch('results');
  skipList('');
  write('host', { 'a layer': 'passed' });
});
afterEach(() => folder[Symbol.dispose]());

it('suites are summed up, a line each', () => {
  write('user', { 'a layer': 'passed' });
  expect(results('host', 'user')).toEqual({
    lines: ['host: 1 passed, 0 failed, 0 skipped', 'user: 1 passed, 0 failed, 0 skipped', '2 passed, 0 failed'],
    status: 0,
  });
});

it('a failed test fails the whole', () => {
  write('user', { 'a layer': 'failed' });
  const { lines, status } = results('host', 'user');
  expect(status).toBe(1);
  expect(lines.at(-1)).toBe('1 passed, 1 failed');
});

it('a failed test is named, with the first line of its error', () => {
  write('user', { 'a layer': 'failed' });
  expect(results('host', 'user').lines[0]).toBe(
    `user: failed: ${file} > a layer > is unpacked: AssertionError: expected 1 to be 2`,
  );
});

it('what is skipped must be listed', () => {
  write('user', { [skippedGroup]: 'skipped' });
  expect(results('host', 'user')).toMatchObject({
    lines: [
      `user: skipped, but not listed in tests/skipped.txt: ${file} | a layer (needs root)`,
      'host: 1 passed, 0 failed, 0 skipped',
      'user: 0 passed, 0 failed, 1 skipped',
      '1 passed, 1 failed',
    ],
    status: 1,
  });
  skipList(`user | ${file} | a layer | only root may make devices`);
  expect(results('host', 'user')).toMatchObject({ status: 0 });
});

it('a line of the list for which nothing is skipped must go', () => {
  skipList(`host | ${file} | a layer | only root may make devices`);
  expect(results('host').lines[0]).toMatch(/^host: nothing is skipped for this line/);
  expect(results('host').status).toBe(1);
});

it('a test that passes nowhere fails the whole', () => {
  write('host', { [skippedGroup]: 'skipped', 'another layer': 'passed' });
  skipList(`host | ${file} | a layer | only root may make devices`);
  const { lines, status } = results('host');
  expect(lines[0]).toBe(`passes in none of the suites: ${file} > a layer > is unpacked`);
  expect(status).toBe(1);
});

it('a test of cgroups that passes in one view of them passes', () => {
  write('uml-root', {
    'a cgroup, as it is (skipped: runs on host: this is uml)': 'skipped',
    'another layer': 'passed',
  });
  expect(results('host', 'uml-root').lines[0]).toBe(
    `passes in none of the suites: ${file} > a cgroup, as it is > is unpacked`,
  );
  write('host', { 'a cgroup, hybrid': 'passed' });
  expect(results('host', 'uml-root')).toMatchObject({ status: 0 });
});

it('tests for other kernels are no skipped ones', () => {
  write('uml-root', { 'a layer (skipped: runs on host: this is uml)': 'skipped', 'another layer': 'passed' });
  expect(results('host', 'uml-root')).toMatchObject({
    lines: [expect.anything(), 'uml-root: 1 passed, 0 failed, 0 skipped, 1 for other kernels', '2 passed, 0 failed'],
    status: 0,
  });
});

it('what writes no results is worth its exit status', () => {
  writeFileSync(folder.join('check.status'), '0\n');
  expect(results('host', 'check').lines).toContain('check: 1 passed, 0 failed, 0 skipped');
  writeFileSync(folder.join('check.status'), '2\n');
  expect(results('host', 'check').lines[0]).toBe('check: failed as a whole: it ended with status 2');
  expect(results('host', 'check').status).toBe(1);
});

it('a suite in which there is nothing has failed', () => {
  writeFileSync(folder.join('user.json'), JSON.stringify({ testResults: [] }));
  expect(results('host', 'user').lines[0]).toBe('user: failed as a whole: it has no tests');
  writeFileSync(folder.join('qemu.json'), '');
  writeFileSync(folder.join('qemu.status'), '0\n');
  expect(results('host', 'qemu').lines[0]).toMatch(/^qemu: failed as a whole: it wrote no results/);
});

it('a suite in the list that does not exist fails the whole', () => {
  skipList(`hots | ${file} | a layer | only root may make devices`);
  expect(results('host').lines[0]).toMatch(/^no suite is called 'hots'/);
  expect(results('host').status).toBe(1);
});

it('a suite that ends badly has failed, whatever its results say', () => {
  writeFileSync(folder.join('host.status'), '1\n');
  expect(results('host').lines).toEqual([
    'host: failed as a whole: it ended with status 1',
    'host: 1 passed, 1 failed, 0 skipped',
    '1 passed, 1 failed',
  ]);
});

it('a suite that was not run, or with a file that could not be loaded, has failed', () => {
  expect(results('host', 'qemu').lines[0]).toBe(
    'qemu: failed as a whole: it wrote no results, and ended with status 0',
  );
  writeFileSync(
    folder.join('qemu.json'),
    JSON.stringify({ testResults: [{ name: file, status: 'failed', message: 'left behind', assertionResults: [] }] }),
  );
  expect(results('host', 'qemu').lines[0]).toBe(`qemu: failed as a whole: ${file}: left behind`);
  expect(results('host', 'qemu').status).toBe(1);
});

/** One test a group. */
function write(suite: string, groups: Record<string, 'passed' | 'failed' | 'skipped'>): void {
  const assertionResults = Object.entries(groups).map(([group, status]) => ({
    ancestorTitles: [group],
    title: 'is unpacked',
    status,
    failureMessages: status === 'failed' ? ['AssertionError: expected 1 to be 2\n    at somewhere'] : [],
  }));
  const failed = assertionResults.some(({ status }) => status === 'failed');
  const result = { name: `/somewhere/${file}`, status: failed ? 'failed' : 'passed', message: '', assertionResults };
  writeFileSync(folder.join(`${suite}.json`), JSON.stringify({ testResults: [result] }));
}

function skipList(text: string): void {
  writeFileSync(folder.join('skipped.txt'), `# why\n${text}\n`);
}

function results(...suites: string[]) {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [join(root, 'scripts/results.mjs'), folder.path, folder.join('skipped.txt'), ...suites],
    { encoding: 'utf8', timeout: 20_000 },
  );
  expect(stderr).toBe('');
  return { lines: stdout.trim().split('\n'), status };
}
