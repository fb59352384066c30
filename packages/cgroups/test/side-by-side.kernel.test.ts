import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { requires } from '@estiba/testkit';
import { expect, test } from 'vitest';
import type { Cgroup } from '../src/index.ts';
import { startInside } from './inside.ts';
import { directories, place, views } from './views.ts';

for (const [name, view] of views) {
  requires({ on: ['host', 'uml', 'qemu'], cgroup: true })(`the numbers of a cgroup, ${name}`, () => {
    const { create } = place(view);

    test('are those of its files, each of them', async () => {
      await using group = await create({ memory: { max: '256MiB' }, pids: { max: 20 }, cpu: { max: 0.9 } });
      await fill(group);
      // Frozen, nothing changes between the two looks but what the kernel does by itself.
      await group.freeze();
      const [raw, stat] = [rawNumbers(group), await group.stat()];
      const { memory, cpu, pids } = stat;
      const told: Readonly<Record<string, number | undefined>> = { ...memory.stat, ...cpu.stat, current: pids.current };
      for (const [key, number] of Object.entries(raw.counters))
        expect(told[key], key).toBeCloseTo(number, raw.digits(key));
      expect(Object.keys(raw.counters).length).toBeGreaterThan(20);
      expect(memory.current / raw.memory).toBeCloseTo(1, 1);
      expect(pids.current).toBe(raw.pids);
      await group.thaw();
    });
  });
}

// Where the first process is in a cgroup of its own, as in the guests, it shows only what is below that.
requires({ on: ['host'], cgroup: true, command: 'systemd-cgtop' })('the numbers of a cgroup', () => {
  const [[, view] = ['', '']] = views;
  const { create } = place(view);

  test('are those that systemd-cgtop shows', async () => {
    await using group = await create();
    await fill(group);
    const options = ['--batch', '--iterations=1', '--raw', '--depth=9', '--order=memory'];
    const { stdout } = await promisify(execFile)('systemd-cgtop', options, { timeout: 20_000 });
    const { memory, pids } = await group.stat();
    const line = stdout.split('\n').find((each) => each.startsWith(`${group.path} `));
    const [, tasks = '', , bytes] = line?.split(/\s+/) ?? [];
    expect(Number(bytes) / memory.current).toBeCloseTo(1, 1);
    // On v1 it counts only what systemd has made.
    if (tasks !== '-') expect(Number(tasks)).toBe(pids.current);
  });
});

/** A process that holds 64 MiB, and has used the CPU. */
async function fill(group: Cgroup): Promise<void> {
  const script = 'globalThis.kept = Buffer.alloc(2 ** 26, 1); setInterval(() => {}, 1e6)';
  const node = await startInside(group, process.execPath, '-e', script);
  node.go();
  await expect.poll(async () => (await group.stat()).memory.current, { timeout: 20_000 }).toBeGreaterThan(2 ** 26);
}

/** As cat(1) shows them. v1's keys for time are others, and in nanoseconds: left to the tests of its reader. */
function rawNumbers(group: Cgroup) {
  const counters: Record<string, number> = {};
  for (const file of ['memory.stat', 'cpu.stat']) {
    for (const line of text(group, file).trimEnd().split('\n')) {
      const [key = '', value] = line.split(' ');
      if (!/_time$|^wait_sum$/.test(key)) counters[key] = Number(value);
    }
  }
  return {
    counters,
    memory: Number(text(group, existsIn(group, 'memory.current') ? 'memory.current' : 'memory.usage_in_bytes')),
    pids: Number(text(group, 'pids.current')),
    // Pages are counted on each CPU apart, and added up now and then.
    digits: (key: string) => (/usec$|^nr_/.test(key) ? -5 : -6.5),
  };
}

function existsIn(group: Cgroup, file: string): boolean {
  return directories(group.path).some((directory) => existsSync(`${directory}/${file}`));
}

/** Beside v1, the v2 tree has a cpu.stat of its own, which knows less. */
function text(group: Cgroup, file: string): string {
  const paths = directories(group.path)
    .map((directory) => `${directory}/${file}`)
    .filter((path) => existsSync(path));
  const own = paths.find((path) => !path.includes('/unified/')) ?? paths[0] ?? '';
  return readFileSync(own, 'utf8');
}
