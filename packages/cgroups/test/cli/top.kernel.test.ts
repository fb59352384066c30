import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { requires, scratch, Terminal } from '@estiba/testkit';
import { beforeAll, expect, test } from 'vitest';
import { Cgroup, cgroupFolder } from '../../src/index.ts';
import { startInside } from '../inside.ts';

const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const command = [process.execPath, '--conditions=estiba-source', program, 'top'];

requires({ on: ['host', 'uml'], cgroup: true })('cgroups top', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await cgroupFolder();
  });

  test('tells what each cgroup uses, where there is no terminal', async () => {
    await using group = await Cgroup.create(`${folder}/top-${process.pid}`, {}, { folder });
    await using inner = await group.child('inner');
    const busy = await startInside(inner, 'sh', '-c', 'while :; do :; done');
    busy.go();
    const [node = '', ...args] = [...command, '--interval', '500ms', group.path];
    const { stdout } = await promisify(execFile)(node, args, { timeout: 20_000 });
    const [heading = '', first = '', second = '', ...more] = stdout.trimEnd().split('\n');
    expect(heading).toMatch(/^cgroup +cpu\* +memory +pids +stall$/);
    expect([first, second].map((line) => line.split(' ')[0]).sort()).toEqual([group.path, inner.path]);
    expect(more).toEqual([]);
    const cpu = Number(/^\S+ +([\d.]+) %/.exec(second)?.[1]);
    expect(cpu).toBeGreaterThan(10);
    expect(cpu).toBeLessThan(110);
    expect(second).toMatch(/ (KiB|MiB) +1 /);
  });

  test('prints JSON, with null for what is not counted', async () => {
    await using group = await Cgroup.create(`${folder}/top-${process.pid}`, {}, { folder });
    const [node = '', ...args] = [...command, '--json', '--count', '2', '--interval', '50ms', group.path];
    const { stdout } = await promisify(execFile)(node, args, { timeout: 20_000 });
    const looks = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(looks).toHaveLength(2);
    expect(looks[0]).toHaveLength(1);
    expect(looks[0][0]).toMatchObject({ path: group.path, cpus: 0, pids: 0 });
  });
});

requires({ on: ['host'], cgroup: true, command: 'tmux' })('cgroups top on a terminal', () => {
  test('is drawn again and again, sorts at a key, follows the size, and leaves the terminal as it was', async () => {
    using files = scratch('top');
    const folder = await cgroupFolder();
    await using group = await Cgroup.create(`${folder}/top-${process.pid}`, {}, { folder });
    const busy = await startInside(await group.child('a-busy'), 'sh', '-c', 'while :; do :; done');
    const hog = await startInside(
      await group.child('b-big'),
      process.execPath,
      '-e',
      'globalThis.kept = Buffer.alloc(2 ** 26, 1); setInterval(() => {}, 1e6)',
    );
    busy.go();
    hog.go();
    const look = `echo before; ${command.join(' ')} --interval 200ms ${group.path}`;
    await using terminal = await Terminal.open(files.join('tmux'), ['sh', '-c', look]);
    const byCpu = await terminal.shows(/a-busy +[1-9][\d.]+ %/);
    expect(byCpu).toMatch(/cpu\*/);
    expect(byCpu.indexOf('a-busy')).toBeLessThan(byCpu.indexOf('b-big'));
    await terminal.type('m');
    const byMemory = await terminal.shows(/memory\*[\s\S]*b-big[\s\S]*a-busy/);
    expect(byMemory).not.toMatch(/cpu\*/);
    expect(byMemory).not.toContain('before');
    await terminal.resize(60, 10);
    await terminal.shows(/^cgroup {20,26}cpu/m);
    await terminal.type('q');
    const end = await terminal.shows(/before/);
    expect(end).not.toContain('a-busy');
    await expect.poll(() => terminal.status()).toBe(0);
  });
});
