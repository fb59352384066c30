import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import '../watching.ts';
import { watchEvents } from '../../src/events.ts';
import type { CgroupEventType } from '../../src/index.ts';
import type { Place } from '../../src/place.ts';

// A folder of plain files: they notify like those of the kernel, and tell what no kernel here can be brought to.

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/estiba-events-`);
  write('cgroup.events', 'populated 0\nfrozen 0\n');
  write('memory.events', 'low 0\nhigh 3\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n');
  write('memory.swap.events', 'high 0\nmax 0\nfail 0\n');
  write('pids.events', 'max 0\n');
});

afterEach(() => rmSync(directory, { recursive: true }));

test('every counter is told by its own name, from where it stood', async () => {
  const iterator = begin();
  write('memory.events', 'low 1\nhigh 5\nmax 2\noom 3\noom_kill 4\noom_group_kill 6\n');
  write('memory.swap.events', 'high 7\nmax 8\nfail 9\n');
  write('pids.events', 'max 10\n');
  const told = new Map<string, [count: number, total: number]>();
  while (told.size < 10) {
    const { value } = await iterator.next();
    if (value !== undefined) told.set(value.type, [value.count, value.total]);
  }
  expect(Object.fromEntries(told)).toEqual({
    'memory-low': [1, 1],
    'memory-high': [2, 5],
    'memory-max': [2, 2],
    oom: [3, 3],
    'oom-kill': [4, 4],
    'oom-group-kill': [6, 6],
    'swap-high': [7, 7],
    'swap-max': [8, 8],
    'swap-fail': [9, 9],
    'pids-max': [10, 10],
  });
  await iterator.return?.();
});

test('what is told late is told whole', async () => {
  const iterator = begin(['pids-max']);
  let told = 0;
  for (const total of [1, 4, 5, 11]) {
    write('pids.events', `max ${total}\n`);
    // Noticed in several looks, of which nobody has taken any.
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (total === 4) continue;
    told += (await iterator.next()).value?.count ?? 0;
    expect(told).toBe(total);
  }
  await iterator.return?.();
});

test('what was not asked for is not told', async () => {
  const iterator = begin(['swap-fail']);
  const next = iterator.next();
  write('pids.events', 'max 1\n');
  write('memory.swap.events', 'high 1\nmax 1\nfail 1\n');
  expect((await next).value?.type).toBe('swap-fail');
  await iterator.return?.();
});

test('a file with a key that is not known yet is read all the same', async () => {
  const iterator = begin(['oom']);
  appendFileSync(`${directory}/memory.events`, 'surprise 1\n');
  write('memory.events', 'low 0\nhigh 3\nmax 0\noom 1\nsurprise 2\n');
  expect((await iterator.next()).value).toEqual({ type: 'oom', count: 1, total: 1 });
  await iterator.return?.();
});

function begin(types?: readonly CgroupEventType[]) {
  const hierarchy = { version: 2, mountPoint: directory, root: '/', controllers: ['memory', 'pids'] } as const;
  const place: Place = { hierarchy, directory };
  return watchEvents([place], '/estiba/x', types === undefined ? {} : { types });
}

function write(file: string, text: string): void {
  writeFileSync(`${directory}/${file}`, text);
}
