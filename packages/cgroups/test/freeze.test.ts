import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { freeze } from '../src/freeze.ts';
import type { Place } from '../src/place.ts';

// Ordinary files in place of a cgroup; on v1 one that is frozen after so many words, as if others kept coming until then.
const kernel = vi.hoisted(() => ({ written: [] as string[], patience: Number.POSITIVE_INFINITY }));
vi.mock(import('../src/control-file.ts'), async (original) => {
  const files = await original();
  return {
    ...files,
    writeControl(directory: string, file: string, value: string) {
      if (file !== 'freezer.state') return files.writeControl(directory, file, value);
      kernel.written.push(value);
    },
    readControl(directory: string, file: string) {
      if (file !== 'freezer.state') return files.readControl(directory, file);
      const isFrozen = kernel.written.length >= kernel.patience && kernel.written.at(-1) === 'FROZEN';
      return isFrozen ? 'FROZEN' : 'FREEZING';
    },
  };
});

let directory = '';
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), `estiba-${process.pid}-freeze-`)), 'x');
  mkdirSync(directory);
  writeFileSync(join(directory, 'cgroup.events'), 'populated 1\nfrozen 0\n');
  writeFileSync(join(directory, 'cgroup.freeze'), '0\n');
  kernel.written.length = 0;
  kernel.patience = Number.POSITIVE_INFINITY;
});
afterEach(() => rmSync(join(directory, '..'), { recursive: true }));

const v2 = (): Place[] => [{ directory, hierarchy: { version: 2, mountPoint: directory, root: '/', controllers: [] } }];
const v1 = (): Place[] => [
  { directory, hierarchy: { version: 1, mountPoint: directory, root: '/', controllers: ['freezer'] } },
];
const asked = () => readFileSync(join(directory, 'cgroup.freeze'), 'utf8').trim();

test('what does not freeze in its time is let go', { timeout: 15_000 }, async () => {
  const freezing = freeze(v2(), '/x');
  expect(asked()).toBe('1');
  await expect(freezing).rejects.toMatchObject({
    code: 'CGROUP_BUSY',
    message: expect.stringMatching(/did not follow within/),
  });
  expect(asked()).toBe('0');
});

test('and so it is when that is aborted', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const freezing = [freeze(v2(), '/x', controller.signal), freeze(v1(), '/x', controller.signal)];
  expect(asked()).toBe('1');
  controller.abort(reason);
  for (const each of freezing) await expect(each).rejects.toBe(reason);
  expect(asked()).toBe('0');
  expect(kernel.written).toEqual(['FROZEN', 'THAWED']);
});

test('a freeze that was aborted before it began lets nothing go', async () => {
  writeFileSync(join(directory, 'cgroup.freeze'), '1\n');
  const signal = AbortSignal.abort();
  await expect(freeze(v2(), '/x', signal)).rejects.toBe(signal.reason);
  expect(asked()).toBe('1');
});

test('the error of freezing is told, not that of letting go', async () => {
  rmSync(directory, { recursive: true });
  const gone = { code: 'CGROUP_GONE', message: expect.stringMatching(/^cannot freeze \/x: write 1 to/) };
  await expect(freeze(v2(), '/x')).rejects.toMatchObject(gone);
  mkdirSync(directory);
});

test('v1 is asked again until it is frozen, with a moment of thaw now and then', async () => {
  kernel.patience = 23;
  await freeze(v1(), '/x');
  const thaws = kernel.written.flatMap((value, index) => (value === 'THAWED' ? [index] : []));
  expect(kernel.written).toHaveLength(23);
  expect(thaws).toEqual([19]);
  expect(kernel.written.at(-1)).toBe('FROZEN');
});
